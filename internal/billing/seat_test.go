package billing_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
)

// lab is a plan with seats, in a group of its own.
func lab(seats int64) membership.PlanSpec {
	return membership.PlanSpec{
		Slug: "lab", Name: "Lab", Position: 3, Group: "coaching", Seats: seats,
		Prices: []membership.PriceSpec{{Key: "monthly", Interval: "month", AmountMinor: 9900, Currency: "usd"}},
	}
}

func (r *rig) left(slug string) int64 {
	r.t.Helper()
	places, err := r.billing.Places(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	plans, err := r.membership.Plans(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	for _, p := range plans {
		if p.Slug == slug {
			return places[p.ID]
		}
	}
	return -1
}

var toLab = billing.Choice{Plan: "lab", Price: "monthly"}

func TestASeatIsHeldUntilItIsPaidOrLetGo(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.setup([]membership.PlanSpec{lab(2)}, billing.SetupOptions{})
	first, second, third := r.user(), r.user(), r.user()
	c := r.order(first, "lab", "monthly")
	if life := c.ExpiresAt.Sub(r.box.Now()); life > 61*time.Minute {
		t.Errorf("a seat is held for %v", life)
	}
	d := r.order(second, "lab", "monthly")
	if again := r.order(second, "lab", "monthly"); again.URL != d.URL {
		t.Error("whose seat is held does not get back to it")
	}
	if _, _, err := r.billing.StartCheckout(t.Context(), third, toLab); !errors.Is(err, billing.ErrSoldOut) || r.left("lab") != 0 {
		t.Errorf("the third: %v, %d left", err, r.left("lab"))
	}
	r.pay(c, goodCard)
	r.control("POST", "sessions/"+last(d.URL)+"/expire", "{}")
	r.settle()
	if n := r.left("lab"); n != 1 {
		t.Errorf("%d left after one paid and one let go", n)
	}
	r.pay(r.order(third, "lab", "monthly"), goodCard)
	r.settle()
	r.send("DELETE", "/v1/subscriptions/"+r.subscription(r.customer(first.ID)), nil, "")
	r.settle()
	if n := r.left("lab"); n != 1 {
		t.Errorf("%d left after one went", n)
	}
}

// Between "paid" and the news of it there must be no moment at which the seat
// is free.
func TestAPaidSeatIsTakenBeforeTheWebhookComes(t *testing.T) {
	t.Parallel()
	r := newIdleRig(t)
	r.hold()
	r.setup([]membership.PlanSpec{lab(1)}, billing.SetupOptions{})
	who := r.user()
	r.pay(r.order(who, "lab", "monthly"), goodCard)
	if _, err := r.db.Pool().Exec(t.Context(), `UPDATE checkouts SET state = 'complete', stripe_subscription_id = 'sub_not_recorded'`); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.billing.StartCheckout(t.Context(), r.user(), toLab); !errors.Is(err, billing.ErrSoldOut) {
		t.Errorf("got %v", err)
	}
}

func TestTwoHundredAtOnceDoNotOversellTenSeats(t *testing.T) {
	t.Parallel()
	r := newIdleRig(t)
	r.setup([]membership.PlanSpec{lab(10)}, billing.SetupOptions{})
	crowd := make([]account.Actor, 200)
	for i := range crowd {
		crowd[i] = r.user()
	}
	var mu sync.Mutex
	var open []billing.Checkout
	var wg sync.WaitGroup
	for _, who := range crowd {
		wg.Go(func() {
			c, _, err := r.billing.StartCheckout(t.Context(), who, toLab)
			for errors.Is(err, billing.ErrPaymentsUnavailable) { // too many wait: try again
				c, _, err = r.billing.StartCheckout(t.Context(), who, toLab)
			}
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				open = append(open, c)
			} else if !errors.Is(err, billing.ErrSoldOut) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := r.made("/v1/checkout/sessions", nil); len(open) != 10 || n != 10 || r.left("lab") != 0 {
		t.Errorf("%d checkouts, %d sessions, %d left", len(open), n, r.left("lab"))
	}
}

// I4. Ghost#28508: members paid twice "without realising", for what is one of a
// kind.
func TestInvariant04OnePlanOfAGroupAtATime(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.setup([]membership.PlanSpec{lab(10), samples()}, billing.SetupOptions{})
	who := r.join(goodCard) // to the circle
	if _, _, err := r.billing.StartCheckout(t.Context(), who, billing.Choice{Plan: "samples", Price: "free"}); !errors.Is(err, billing.ErrSubscriptionLive) {
		t.Errorf("a second of the group: %v", err)
	}
	r.pay(r.order(who, "lab", "monthly"), goodCard) // another group
	r.settle()
	if n := r.number(`SELECT count(*) FROM subscriptions WHERE user_id = $1 AND held AND status = 'active'`, who.ID); n != 2 || r.mrr(who) != 58800+118800 {
		t.Errorf("%d are held, the ledger has %d", n, r.mrr(who))
	}
	if _, _, err := r.billing.StartCheckout(t.Context(), who, toLab); !errors.Is(err, billing.ErrSubscriptionLive) {
		t.Errorf("the same once more: %v", err)
	}
}
