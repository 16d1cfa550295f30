package billing_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
)

func TestAMembersLife(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	who := r.user()
	c := r.checkout(who, "monthly")
	if a := r.access(who); a.Level != membership.NoAccess {
		t.Fatalf("an open checkout gives %+v", a)
	}
	r.pay(c, failsLater)
	r.settle()
	if a := r.access(who); a.Level != membership.Full || a.Reason != membership.BySubscription || a.Notice != "" || r.mrr(who) != 58800 {
		t.Fatalf("after paying: %+v, %d", a, r.mrr(who))
	}
	if n := r.number(`SELECT count(*) FROM checkouts WHERE user_id = $1 AND state = 'complete'`, who.ID); n != 1 {
		t.Error("the checkout is not complete")
	}
	if _, _, err := r.billing.StartCheckout(t.Context(), who, billing.Choice{Plan: "circle", Price: "annual"}); !errors.Is(err, billing.ErrSubscriptionLive) {
		t.Errorf("a second subscription: %v", err)
	}

	r.box.Advance(32 * 24 * time.Hour)
	r.settle()
	a := r.access(who)
	if a.Level != membership.Full || a.Notice != membership.PaymentFailed || !strings.HasPrefix(a.PayURL, r.url+"/invoice/") {
		t.Fatalf("after a failed renewal: %+v", a)
	}
	if n := r.number(`SELECT sum(annual_delta)::int FROM membership_ledger WHERE user_id = $1 AND series = 'at_risk'`, who.ID); n != 58800 || r.mrr(who) != 58800 {
		t.Errorf("at risk %d of %d", n, r.mrr(who))
	}

	invoice := r.openInvoice(r.customer(who.ID))
	r.control("POST", "customers/"+r.customer(who.ID)+"/card", `{"card":"`+goodCard+`"}`)
	r.control("POST", "invoices/"+invoice+"/pay", `{"card":"`+goodCard+`"}`)
	r.settle()
	if a := r.access(who); a.Level != membership.Full || a.Notice != "" || a.PayURL != "" {
		t.Fatalf("after paying the invoice: %+v", a)
	}
	if n := r.number(`SELECT count(*) FROM invoices WHERE user_id = $1 AND status = 'paid' AND amount_paid_minor = 4900`, who.ID); n != 2 {
		t.Errorf("%d paid invoices", n)
	}
}

func (r *rig) openInvoice(customer string) string {
	r.t.Helper()
	list := r.stripe("GET", "/v1/invoices", url.Values{"customer": {customer}, "status": {"open"}})["data"].([]any)
	if len(list) != 1 {
		r.t.Fatalf("%d open invoices", len(list))
	}
	return list[0].(map[string]any)["id"].(string)
}

// subscription is the only one of a customer.
func (r *rig) subscription(customer string) string {
	r.t.Helper()
	list := r.stripe("GET", "/v1/subscriptions", url.Values{"customer": {customer}, "status": {"all"}})["data"].([]any)
	if len(list) != 1 {
		r.t.Fatalf("%d subscriptions", len(list))
	}
	return list[0].(map[string]any)["id"].(string)
}

func TestAMemberLeaves(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	who := r.join(goodCard)
	sub := r.subscription(r.customer(who.ID))
	r.stripe("POST", "/v1/subscriptions/"+sub, url.Values{"cancel_at_period_end": {"true"}})
	r.settle()
	if a := r.access(who); a.Level != membership.Full || a.Notice != membership.EndsSoon || a.Until == nil {
		t.Fatalf("after canceling: %+v", a)
	}
	r.stripe("POST", "/v1/subscriptions/"+sub, url.Values{"cancel_at_period_end": {"false"}})
	r.settle()
	if a := r.access(who); a.Notice != "" || a.Until != nil {
		t.Fatalf("after thinking again: %+v", a)
	}
	r.stripe("DELETE", "/v1/subscriptions/"+sub, nil)
	r.settle()
	if a := r.access(who); a.Level != membership.NoAccess || r.mrr(who) != 0 {
		t.Fatalf("after the end: %+v, %d", a, r.mrr(who))
	}
	if n := r.number(`SELECT count(*) FROM membership_ledger WHERE user_id = $1 AND reason = 'cancellation_requested' AND series = 'mrr'`, who.ID); n != 1 {
		t.Error("the reason is not in the ledger")
	}
	r.pay(r.checkout(who, "annual"), goodCard)
	r.settle()
	if a := r.access(who); a.Level != membership.Full || a.Reason != membership.BySubscription || r.mrr(who) != 49000 {
		t.Fatalf("after coming back she has a second trial, or nothing: %+v", a)
	}
}

func TestATrial(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	who := r.user()
	r.pay(r.checkout(who, "annual"), goodCard)
	r.settle()
	if a := r.access(who); a.Level != membership.Full || a.Reason != membership.ByTrial || a.Notice != membership.TrialEnds || r.mrr(who) != 0 {
		t.Fatalf("on trial: %+v", a)
	}
	if n := r.number(`SELECT sum(annual_delta)::int FROM membership_ledger WHERE user_id = $1 AND series = 'trial'`, who.ID); n != 49000 {
		t.Errorf("the trial counts %d", n)
	}
	r.box.Advance(15 * 24 * time.Hour)
	r.settle()
	if a := r.access(who); a.Reason != membership.BySubscription || a.Notice != "" || r.mrr(who) != 49000 {
		t.Errorf("after the trial: %+v, %d", a, r.mrr(who))
	}
}

func TestAPausedCollectionLeavesReading(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	who := r.join(goodCard)
	sub := r.subscription(r.customer(who.ID))
	r.stripe("POST", "/v1/subscriptions/"+sub, url.Values{"pause_collection[behavior]": {"void"}})
	r.settle()
	if a := r.access(who); a.Level != membership.ReadOnly || a.Reason != membership.ByPaused || r.mrr(who) != 0 {
		t.Errorf("paused: %+v, %d", a, r.mrr(who))
	}
}

func TestADeletedCustomerIsReplacedOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	who := r.join(goodCard)
	old := r.customer(who.ID)
	r.stripe("DELETE", "/v1/customers/"+old, nil)
	r.settle()
	if a := r.access(who); a.Level != membership.NoAccess {
		t.Fatalf("deleted, and has %+v", a)
	}
	r.pay(r.checkout(who, "monthly"), goodCard)
	r.settle()
	fresh := r.customer(who.ID)
	if a := r.access(who); a.Level != membership.Full || fresh == old {
		t.Errorf("%s after %s: %+v", fresh, old, a)
	}
	if n := r.made("/v1/customers", nil); n != 1 {
		t.Errorf("%d customers", n)
	}
}
