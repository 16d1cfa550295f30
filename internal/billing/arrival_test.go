package billing_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
)

const (
	debitPays  = "000123456789"
	debitFails = "000111111116"
)

// samples are prices at which nothing is due at first.
func samples() membership.PlanSpec {
	return membership.PlanSpec{Slug: "samples", Name: "Samples", Position: 2, Prices: []membership.PriceSpec{
		{Key: "free", Interval: "month", Currency: "usd"},
		{Key: "trial", Interval: "month", AmountMinor: 900, Currency: "usd", TrialDays: 14},
		{Key: "try", Interval: "month", AmountMinor: 900, Currency: "usd", TrialDays: 14, NoCard: true},
	}}
}

func (r *rig) order(who account.Actor, plan, price string) billing.Checkout {
	r.t.Helper()
	c, _, err := r.billing.StartCheckout(r.t.Context(), who, billing.Choice{Plan: plan, Price: price})
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

func (r *rig) stands(who account.Actor, c billing.Checkout, want billing.CheckoutState) {
	r.t.Helper()
	r.box.Advance(4 * time.Second) // it asks Stripe every few seconds
	got, err := r.billing.Checkout(r.t.Context(), who, c.ID)
	if err != nil || got.State != want {
		r.t.Errorf("the checkout is %s, want %s (%v)", got.State, want, err)
	}
	if got.ID != c.ID || got.Plan != c.Plan || got.Price != c.Price || (got.URL != "") != (want == billing.CheckoutOpen) {
		r.t.Errorf("got %+v of %+v", got, c)
	}
}

func (r *rig) level(who account.Actor, want membership.Level) {
	r.t.Helper()
	if a := r.access(who); a.Level != want {
		r.t.Errorf("what opens is %+v, want %s", a, want)
	}
}

// better-auth: "success does not activate when the checkout is unpaid". The
// address to which Stripe leads back is opened by anybody who knows it.
func TestInvariant11ComingBackGrantsNothing(t *testing.T) {
	t.Parallel()
	r := newIdleRig(t)
	who := r.user()
	c := r.checkout(who, "monthly")
	r.stands(who, c, billing.CheckoutOpen)
	r.level(who, membership.NoAccess)
	r.control("POST", "sessions/"+last(c.URL)+"/expire", "{}")
	r.stands(who, c, billing.CheckoutExpired)
	r.level(who, membership.NoAccess)
}

// The webhook usually loses the race with her browser, and may be lost for good.
func TestTheReturnPageNeedsNoWebhook(t *testing.T) {
	t.Parallel()
	r := newIdleRig(t)
	r.hold()
	who, other := r.user(), r.user()
	c := r.checkout(who, "monthly")
	r.pay(c, goodCard)
	r.level(who, membership.NoAccess)
	if _, err := r.billing.Checkout(t.Context(), other, c.ID); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("it is shown to another: %v", err)
	}
	r.level(who, membership.NoAccess)
	r.stands(who, c, billing.CheckoutActive)
	r.level(who, membership.Full)
	before := len(r.box.Journal())
	r.stands(who, c, billing.CheckoutActive)
	if n := len(r.box.Journal()); n != before {
		t.Errorf("what is known is asked again, %d times", n-before)
	}
}

func TestTheReturnPageAsksSeldomAndWaitsForNobody(t *testing.T) {
	t.Parallel()
	r := newIdleRig(t)
	who := r.user()
	c := r.checkout(who, "monthly")
	before := len(r.box.Journal())
	for range 20 {
		if _, err := r.billing.Checkout(t.Context(), who, c.ID); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(r.box.Journal()) - before; n != 1 {
		t.Errorf("Stripe is asked %d times", n)
	}
	r.fail("503", http.MethodGet, "/v1/checkout/sessions/", "-1")
	r.stands(who, c, billing.CheckoutOpen)
}

// authgear#2576: a session whose payment is outstanding gave access.
func TestInvariant11AnUnpaidSessionGrantsNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	who := r.user()
	c := r.checkout(who, "monthly")
	r.pay(c, debitFails)
	r.settle()
	r.stands(who, c, billing.CheckoutPending)
	r.level(who, membership.NoAccess)
	if _, _, err := r.billing.StartCheckout(t.Context(), who, billing.Choice{Plan: "circle", Price: "annual"}); !errors.Is(err, billing.ErrSubscriptionLive) {
		t.Errorf("meanwhile she can pay once more: %v", err)
	}
	r.box.Advance(4 * 24 * time.Hour)
	r.settle()
	r.stands(who, c, billing.CheckoutFailed)
	r.level(who, membership.NoAccess)
	r.pay(r.checkout(who, "monthly"), goodCard) // another way
	r.settle()
	r.level(who, membership.Full)
}

// PMPro#3745: members who paid by direct debit waited for ever.
func TestInvariant12ADelayedPaymentCompletes(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	who := r.user()
	c := r.checkout(who, "monthly")
	r.pay(c, debitPays)
	r.settle()
	r.stands(who, c, billing.CheckoutPending)
	r.level(who, membership.NoAccess)
	r.box.Advance(4 * 24 * time.Hour)
	r.settle()
	r.stands(who, c, billing.CheckoutActive)
	r.level(who, membership.Full)
	if n := r.mrr(who); n != 58800 {
		t.Errorf("the ledger has %d", n)
	}
}

// PMPro#3458: nothing was due, so nothing was ever completed.
func TestInvariant12AFreePlanCompletes(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.setup(append(plans(4900), samples()), billing.SetupOptions{})
	who := r.user()
	c := r.order(who, "samples", "free")
	r.control("POST", "sessions/"+last(c.URL)+"/pay", `{}`) // without a card
	r.settle()
	r.stands(who, c, billing.CheckoutActive)
	r.level(who, membership.Full)
	if n := r.mrr(who); n != 0 {
		t.Errorf("the ledger has %d", n)
	}
}

// PMPro#3655: a trial is a session without a payment.
func TestInvariant12ATrialWithACardCompletes(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.setup(append(plans(4900), samples()), billing.SetupOptions{})
	who := r.user()
	c := r.order(who, "samples", "trial")
	r.pay(c, goodCard)
	r.settle()
	r.stands(who, c, billing.CheckoutActive)
	if a := r.access(who); a.Level != membership.Full || a.Reason != membership.ByTrial {
		t.Errorf("%+v", a)
	}
	r.box.Advance(15 * 24 * time.Hour)
	r.settle()
	if a := r.access(who); a.Reason != membership.BySubscription || r.mrr(who) != 10800 {
		t.Errorf("%+v, %d", a, r.mrr(who))
	}
}

func TestInvariant12ATrialWithoutACardCompletes(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.setup(append(plans(4900), samples()), billing.SetupOptions{})
	who := r.user()
	c := r.order(who, "samples", "try")
	r.control("POST", "sessions/"+last(c.URL)+"/pay", `{}`)
	r.settle()
	r.stands(who, c, billing.CheckoutActive)
	if a := r.access(who); a.Level != membership.Full || a.Reason != membership.ByTrial {
		t.Errorf("%+v", a)
	}
	r.box.Advance(15 * 24 * time.Hour)
	r.settle()
	if a := r.access(who); a.Level != membership.ReadOnly || a.Reason != membership.ByPaused || r.mrr(who) != 0 {
		t.Errorf("it ended without a card: %+v, %d", a, r.mrr(who))
	}
	r.stands(who, c, billing.CheckoutEnded)
}
