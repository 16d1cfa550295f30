package billing_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

func TestADeadEventIsAppliedOnceMore(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	admin := r.user()
	r.hold()
	who := r.user()
	r.pay(r.checkout(who, "monthly"), goodCard)
	letters := r.delivered()
	r.fail("503", http.MethodGet, "/v1/subscriptions", "-1")
	r.receive(letters...)
	if _, err := r.db.Pool().Exec(t.Context(), `UPDATE stripe_events SET state = 'dead', attempts = 25, last_error = 'Stripe was down',
		settled_at = now() WHERE state = 'received'`); err != nil {
		t.Fatal(err)
	}
	r.control(http.MethodDelete, "faults", "")
	dead, err := r.billing.Events(t.Context(), billing.EventFilter{State: "dead"}, billing.EventPosition{}, 100)
	if err != nil || len(dead) < 3 || dead[0].LastError != "Stripe was down" {
		t.Fatalf("%+v, %v", dead, err)
	}
	replay := func(f billing.EventFilter) int {
		t.Helper()
		n, err := r.billing.Replay(t.Context(), admin, f, "outage_over")
		if err != nil {
			t.Fatal(err)
		}
		r.settle()
		return n
	}
	if n := replay(billing.EventFilter{State: "dead", Type: "charge.dispute.created"}); n != 0 {
		t.Errorf("%d of a type that never came", n)
	}
	if n := replay(billing.EventFilter{State: "dead", To: dead[len(dead)-1].ReceivedAt}); n != 0 {
		t.Errorf("%d from before", n)
	}
	if n := replay(billing.EventFilter{State: "dead", IDs: []string{dead[0].ID}}); n != 1 {
		t.Errorf("%d instead of the one that was named", n)
	}
	if a := r.access(who); a.Level != membership.Full {
		t.Errorf("%+v", a)
	}
	if n := replay(billing.EventFilter{State: "dead"}); n != len(dead)-1 {
		t.Errorf("%d of %d", n, len(dead)-1)
	}
	if n := r.number(`SELECT count(*) FROM stripe_events WHERE state = 'dead'`); n != 0 {
		t.Errorf("%d are dead still", n)
	}
	if got := r.acts["billing.replay"]; got != 2 {
		t.Errorf("audited %d times", got)
	}
}

// laravel/cashier#1760: an event that came while its type meant nothing.
func TestAnIgnoredEventIsAppliedWhenItsTypeIsKnown(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	who := r.join(goodCard)
	if _, err := r.db.Pool().Exec(t.Context(), `UPDATE stripe_events SET state = 'ignored' WHERE type = 'invoice.paid'`); err != nil {
		t.Fatal(err)
	}
	n, err := r.billing.Replay(t.Context(), r.user(), billing.EventFilter{State: "ignored", Type: "invoice.paid"}, "bug_fixed")
	if err != nil || n != 1 {
		t.Fatalf("%d, %v", n, err)
	}
	r.settle()
	if n := r.number(`SELECT count(*) FROM stripe_events WHERE type = 'invoice.paid' AND state = 'applied'`); n != 1 {
		t.Errorf("%d are applied", n)
	}
	if a := r.access(who); a.Level != membership.Full {
		t.Errorf("%+v", a)
	}
}

func TestRefreshBringsWhatNoEventBrought(t *testing.T) {
	t.Parallel()
	r := newIdleRig(t)
	r.box.PauseDeliveries(true)
	who := r.user()
	if err := r.billing.Refresh(t.Context(), who.ID, "member"); err != nil {
		t.Errorf("who never went to pay: %v", err)
	}
	r.pay(r.checkout(who, "monthly"), goodCard)
	r.fail("503", http.MethodGet, "/v1/subscriptions", "-1")
	if err := r.billing.Refresh(t.Context(), who.ID, "member"); fault.From(err) == nil || fault.From(err).Code != "payments-unavailable" {
		t.Errorf("while Stripe is down: %v", err)
	}
	r.control(http.MethodDelete, "faults", "")
	if err := r.billing.Resync(t.Context(), r.user(), who.ID); err != nil {
		t.Fatal(err)
	}
	if a := r.access(who); a.Level != membership.Full {
		t.Errorf("%+v", a)
	}
	if err := r.billing.Resync(t.Context(), r.user(), pg.NewID()); fault.From(err) != fault.ErrNotFound {
		t.Errorf("nobody: %v", err)
	}
}

func TestATimelineTellsAllInOrder(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	who := r.join(goodCard)
	if err := r.billing.Cancel(t.Context(), who, billing.Cancellation{Reason: "unused"}); err != nil {
		t.Fatal(err)
	}
	if err := r.billing.Keep(t.Context(), who); err != nil {
		t.Fatal(err)
	}
	r.stripe(http.MethodDelete, "/v1/subscriptions/"+r.subscription(r.customer(who.ID)), url.Values{})
	r.settle()
	whole, err := r.billing.Timeline(t.Context(), who.ID, billing.Moment{}, 100)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	for i, m := range whole {
		kinds[m.Kind]++
		if i > 0 && m.At.After(whole[i-1].At) {
			t.Errorf("%s is out of order", m.Kind)
		}
	}
	for _, want := range []string{
		"checkout.started", "subscription.began", "invoice.made", "invoice.paid", "ledger.mrr", "cancellation.asked", "cancellation.taken_back", "subscription.ended",
	} {
		if kinds[want] == 0 {
			t.Errorf("%s is missing: %v", want, kinds)
		}
	}
	var paged []string
	for after := (billing.Moment{}); ; {
		page, err := r.billing.Timeline(t.Context(), who.ID, after, 3)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range page {
			paged = append(paged, m.Key)
			after = m
		}
		if len(page) < 3 {
			break
		}
	}
	if len(paged) != len(whole) {
		t.Errorf("%d by pages, %d at once", len(paged), len(whole))
	}
	if _, err := r.billing.Timeline(t.Context(), pg.NewID(), billing.Moment{}, 3); fault.From(err) != fault.ErrNotFound {
		t.Errorf("of nobody: %v", err)
	}
}
