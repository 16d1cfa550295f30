package billing_test

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
)

// acts counts what was audited, in place of the audit domain.
type acts map[string]int

func (a acts) Act(_ context.Context, _ uuid.UUID, action, _, _ string, _ map[string]string) error {
	a[action]++
	return nil
}

func TestAMemberEndsHerMembershipAndKeepsItAfterAll(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	who := r.join(goodCard)
	said := billing.Cancellation{Reason: "unused", Comment: "My new job takes all of me."}
	for range 2 {
		if err := r.billing.Cancel(t.Context(), who, said); err != nil {
			t.Fatal(err)
		}
	}
	own, err := r.membership.Of(t.Context(), who.ID)
	if err != nil {
		t.Fatal(err)
	}
	sub := own.Subscriptions[0]
	if ends := sub.EndsAt(); ends == nil || !ends.Equal(*sub.CurrentPeriodEnd) || own.Access.Level != membership.Full || own.Access.Notice != membership.EndsSoon {
		t.Errorf("at once, without a webhook: %+v, %+v", own.Access, sub)
	}
	if n := r.number(`SELECT count(*) FROM cancellations WHERE user_id = $1 AND reason = 'unused' AND comment <> '' AND taken_back_at IS NULL`, who.ID); n != 1 {
		t.Errorf("%d cancellations are kept", n)
	}
	there := r.stripe("GET", "/v1/subscriptions/"+sub.StripeID, nil)["cancellation_details"].(map[string]any)
	if there["feedback"] != "unused" || there["comment"] != nil {
		t.Errorf("Stripe is told %v", there)
	}

	for range 2 {
		if err := r.billing.Keep(t.Context(), who); err != nil {
			t.Fatal(err)
		}
	}
	r.settle()
	if a := r.access(who); a.Notice != "" || a.Level != membership.Full {
		t.Errorf("she stays: %+v", a)
	}
	if n := r.number(`SELECT count(*) FROM cancellations WHERE user_id = $1 AND taken_back_at IS NULL`, who.ID); n != 0 {
		t.Error("the cancellation still stands")
	}
	if r.acts["membership.cancel"] != 1 || r.acts["membership.keep"] != 1 {
		t.Errorf("audited is %v", r.acts)
	}
	if n := r.number(`SELECT coalesce(sum(annual_delta), 0)::int FROM membership_ledger WHERE user_id = $1 AND series = 'ending'`, who.ID); n != 0 || r.mrr(who) != 58800 {
		t.Errorf("the ledger has %d as ending and %d in all", n, r.mrr(who))
	}
}

func TestAnEndThatWasPlannedElsewhereIsTakenBackToo(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	who := r.join(goodCard)
	id := r.subscription(r.customer(who.ID))
	at := r.box.Now().Add(5 * 24 * time.Hour).Unix()
	r.stripe("POST", "/v1/subscriptions/"+id, url.Values{"cancel_at": {strconv.FormatInt(at, 10)}})
	r.settle()
	if a := r.access(who); a.Notice != membership.EndsSoon {
		t.Fatalf("%+v", a)
	}
	if err := r.billing.Keep(t.Context(), who); err != nil {
		t.Fatal(err)
	}
	if a := r.access(who); a.Notice != "" || r.stripe("GET", "/v1/subscriptions/"+id, nil)["cancel_at"] != nil {
		t.Errorf("%+v", a)
	}
}

func TestWhoHasNothingEndsAndKeepsNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	never := r.user()
	if err := r.billing.Cancel(t.Context(), never, billing.Cancellation{}); !errors.Is(err, billing.ErrNoSubscription) {
		t.Errorf("%v", err)
	}
	if _, err := r.billing.Portal(t.Context(), never); !errors.Is(err, billing.ErrNothingBilled) {
		t.Errorf("%v", err)
	}

	gone := r.join(goodCard)
	id := r.subscription(r.customer(gone.ID))
	r.mailbox.mu.Lock()
	r.mailbox.hold = true // we do not hear of it
	r.mailbox.mu.Unlock()
	r.send("DELETE", "/v1/subscriptions/"+id, nil, "")
	if err := r.billing.Cancel(t.Context(), gone, billing.Cancellation{Reason: "other"}); !errors.Is(err, billing.ErrNoSubscription) {
		t.Errorf("it has ended at Stripe: %v", err)
	}
	if a := r.access(gone); a.Level != membership.NoAccess || r.number(`SELECT count(*) FROM cancellations`) != 0 {
		t.Errorf("that it has ended is known now: %+v", a)
	}
}

func TestWhenStripeDoesNotAnswerNothingHasChanged(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	who := r.join(goodCard)
	r.fail("503", "POST", "/v1/subscriptions/", "3")
	if err := r.billing.Cancel(t.Context(), who, billing.Cancellation{}); !errors.Is(err, billing.ErrPaymentsUnavailable) {
		t.Errorf("%v", err)
	}
	if a := r.access(who); a.Notice != "" || r.number(`SELECT count(*) FROM cancellations`) != 0 {
		t.Errorf("%+v", a)
	}
	r.fail("commit_then_drop", "POST", "/v1/subscriptions/", "1")
	if err := r.billing.Cancel(t.Context(), who, billing.Cancellation{}); err != nil {
		t.Errorf("the next time, when it only loses its answer: %v", err)
	}
	if a := r.access(who); a.Notice != membership.EndsSoon {
		t.Errorf("%+v", a)
	}
}

func TestThePortalAndTheInvoicesAreHers(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	maria, other := r.join(goodCard), r.join(goodCard)
	to, err := r.billing.Portal(t.Context(), maria)
	if err != nil || !strings.HasPrefix(to, r.url+"/portal/") {
		t.Errorf("%s, %v", to, err)
	}
	r.box.Advance(32 * 24 * time.Hour)
	r.settle()
	all, err := r.billing.Invoices(t.Context(), maria)
	if err != nil || len(all) != 2 || !all[0].CreatedAt.After(all[1].CreatedAt) {
		t.Fatalf("%d invoices, %v", len(all), err)
	}
	for _, v := range all {
		if v.Status != "paid" || v.PaidMinor != 4900 || v.Number == "" || v.PageURL == "" || v.PDFURL == "" || v.PaidAt == nil {
			t.Errorf("%+v", v)
		}
	}
	if n := r.number(`SELECT count(*) FROM invoices WHERE id = $1 AND user_id = $2`, all[0].ID, other.ID); n != 0 {
		t.Error("it is of somebody else")
	}
}
