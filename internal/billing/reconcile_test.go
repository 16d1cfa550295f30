package billing_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
)

func (r *rig) reconcile() billing.Report {
	r.t.Helper()
	report, err := r.billing.Reconcile(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	return report
}

// adcp#3623: somebody had paid and was locked out for 40 days.
func TestInvariant08WhatIsLiveAtStripeIsLiveHere(t *testing.T) {
	t.Parallel()
	r := newIdleRig(t)
	r.box.PauseDeliveries(true)
	stays, leaves, fails := r.user(), r.user(), r.user()
	r.pay(r.checkout(stays, "monthly"), goodCard)
	r.pay(r.checkout(leaves, "monthly"), goodCard)
	r.pay(r.checkout(fails, "monthly"), failsLater)
	r.box.DropHeld()
	if report := r.reconcile(); report.Healed != 3 || len(report.Problems) != 0 {
		t.Errorf("after joining: %+v", report)
	}
	r.stripe(http.MethodDelete, "/v1/subscriptions/"+r.subscription(r.customer(leaves.ID)), nil)
	r.box.Advance(32 * 24 * time.Hour)
	r.box.DropHeld()
	report := r.reconcile()
	if len(report.Problems) != 0 {
		t.Errorf("after a month: %+v", report)
	}
	if a := r.access(stays); a.Level != membership.Full || a.Notice != "" {
		t.Errorf("who stays: %+v", a)
	}
	if a := r.access(leaves); a.Level != membership.NoAccess {
		t.Errorf("who left: %+v", a)
	}
	if a := r.access(fails); a.Notice != membership.PaymentFailed || a.PayURL == "" {
		t.Errorf("whose payment failed: %+v", a)
	}
	if n := r.number(`SELECT count(*) FROM checkouts WHERE state = 'complete'`); n != 3 {
		t.Errorf("%d checkouts are complete", n)
	}
	if again := r.reconcile(); again.Healed != 0 || len(again.Problems) != 0 {
		t.Errorf("once more: %+v", again)
	}
}

func TestTheHourlyJobHealsWhatWaits(t *testing.T) {
	t.Parallel()
	r := newIdleRig(t)
	who := r.user()
	r.pay(r.checkout(who, "monthly"), failsLater)
	r.box.PauseDeliveries(true)
	if err := r.billing.SyncCustomer(t.Context(), r.customer(who.ID), "test", time.Time{}); err != nil {
		t.Fatal(err)
	}
	r.box.Advance(32 * 24 * time.Hour)
	report, err := r.billing.ReconcileUnsettled(t.Context())
	if err != nil || report.Healed == 0 {
		t.Fatalf("the passed period: %+v, %v", report, err)
	}
	if a := r.access(who); a.Notice != membership.PaymentFailed {
		t.Fatalf("got %+v", a)
	}
	r.control(http.MethodPost, "invoices/"+r.openInvoice(r.customer(who.ID))+"/pay", `{"card":"`+goodCard+`"}`)
	if report, err = r.billing.ReconcileUnsettled(t.Context()); err != nil || report.Healed != 1 {
		t.Fatalf("the paid invoice: %+v, %v", report, err)
	}
	if a := r.access(who); a.Notice != "" {
		t.Errorf("got %+v", a)
	}
}

func TestEventsWhoseJobIsLostAreApplied(t *testing.T) {
	t.Parallel()
	r := newIdleRig(t)
	r.hold()
	who := r.user()
	r.pay(r.checkout(who, "monthly"), goodCard)
	r.receive(r.delivered()...)
	if _, err := r.db.Pool().Exec(t.Context(), `DELETE FROM river_job`); err != nil {
		t.Fatal(err)
	}
	r.box.Advance(2 * time.Hour)
	if report := r.reconcile(); len(report.Problems) != 0 {
		t.Errorf("%+v", report)
	}
	if n := r.number(`SELECT count(*) FROM stripe_events WHERE state = 'received'`); n != 0 {
		t.Errorf("%d events still wait", n)
	}
}

func TestWhatCannotBePutRightIsReported(t *testing.T) {
	t.Parallel()
	r := newIdleRig(t)
	who := r.user()
	r.checkout(who, "monthly")
	ghost := membership.Snapshot{
		UserID: who.ID, StripeID: "sub_ghost", Status: membership.Active, AnnualMinor: "58800", Currency: "usd",
		Interval: "month", IntervalCount: 1, StartedAt: r.box.Now(),
	}
	if err := r.membership.Record(t.Context(), ghost, "test", time.Time{}); err != nil {
		t.Fatal(err)
	}
	stranger := r.stripe("POST", "/v1/customers", url.Values{"payment_method": {"pm_card_visa"}, "invoice_settings[default_payment_method]": {"pm_card_visa"}})["id"].(string)
	price := r.stripe("GET", "/v1/prices", url.Values{"active": {"true"}})["data"].([]any)[0].(map[string]any)["id"].(string)
	sub := r.stripe("POST", "/v1/subscriptions", url.Values{"customer": {stranger}, "items[0][price]": {price}})["id"].(string)
	want := []string{
		"subscription " + sub + " of customer " + stranger + ": billing: no member is bound to this customer",
		"subscription sub_ghost runs here and Stripe does not know it",
	}
	if diff := cmp.Diff(want, r.reconcile().Problems); diff != "" {
		t.Error(diff)
	}
	if a := r.access(who); a.Level != membership.Full {
		t.Error("not knowing a subscription ended it")
	}
}

func TestExpiredCheckoutsAreSettled(t *testing.T) {
	t.Parallel()
	r := newIdleRig(t)
	r.box.PauseDeliveries(true)
	r.checkout(r.user(), "monthly")
	r.box.Advance(25 * time.Hour)
	r.reconcile()
	if n := r.number(`SELECT count(*) FROM checkouts WHERE state = 'expired'`); n != 1 {
		t.Errorf("%d expired", n)
	}
}

func TestReconcileFailsWhenStripeDoes(t *testing.T) {
	t.Parallel()
	r := newIdleRig(t)
	r.fail("503", http.MethodGet, "/v1/subscriptions", "-1")
	if _, err := r.billing.Reconcile(t.Context()); err == nil {
		t.Error("it reports that all is well")
	}
}
