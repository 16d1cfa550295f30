package billing_test

import (
	"errors"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/job"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
)

// changeRig is a rig with more than one plan, by a clock that stands still.
func changeRig(t *testing.T) *rig {
	t.Helper()
	r := newRig(t)
	r.setup(append(plans(4900), membership.PlanSpec{
		Slug: "studio", Name: "Studio", Description: "More of it.", Position: 2, Prices: []membership.PriceSpec{
			{Key: "monthly", Interval: "month", AmountMinor: 9900, Currency: "usd"},
			{Key: "small", Interval: "month", AmountMinor: 1900, Currency: "usd"},
			{Key: "quarterly", Interval: "month", IntervalCount: 3, AmountMinor: 27000, Currency: "usd"},
			{Key: "euro", Interval: "month", AmountMinor: 9900, Currency: "eur"},
		},
	}), billing.SetupOptions{})
	return r
}

func (r *rig) quote(who account.Actor, plan, price string) billing.Quote {
	r.t.Helper()
	q, err := r.billing.Quote(r.t.Context(), who, billing.PlanChange{Plan: plan, Price: price})
	if err != nil {
		r.t.Fatal(err)
	}
	return q
}

func (r *rig) line(who account.Actor) membership.Line {
	r.t.Helper()
	own, err := r.membership.Of(r.t.Context(), who.ID)
	if err != nil || len(own.Subscriptions) != 1 {
		r.t.Fatalf("%+v, %v", own, err)
	}
	return own.Subscriptions[0]
}

// taken is what her customer was charged in all.
func (r *rig) taken(who account.Actor) (sum int64) {
	r.t.Helper()
	for _, e := range r.box.Journal() {
		if e.Kind == "charge" && e.Outcome == "succeeded" && e.Customer == r.customer(who.ID) {
			sum += e.Amount
		}
	}
	return sum
}

func TestAQuoteIsWhatIsCharged(t *testing.T) {
	t.Parallel()
	r := changeRig(t)
	for _, c := range []struct{ plan, price string }{{"studio", "monthly"}, {"circle", "annual"}, {"studio", "quarterly"}} {
		t.Run(c.plan+" "+c.price, func(t *testing.T) {
			who := r.join(goodCard)
			r.box.Advance(9*24*time.Hour + 4321*time.Second)
			q := r.quote(who, c.plan, c.price)
			if q.Effect != billing.EffectNow || q.DueMinor <= 0 || len(q.Lines) != 2 || q.Lines[0].AmountMinor >= 0 || !q.NextAt.After(r.box.Now()) {
				t.Fatalf("%+v", q)
			}
			before := r.taken(who)
			r.box.Advance(10 * time.Minute) // she thinks about it
			for range 2 {
				if err := r.billing.ChangePlan(t.Context(), who, q.ID); err != nil {
					t.Fatal(err)
				}
			}
			if got := r.taken(who) - before; got != q.DueMinor {
				t.Errorf("quoted %d, charged %d", q.DueMinor, got)
			}
			line := r.line(who)
			if line.PlanSlug != c.plan || line.PriceKey != c.price {
				t.Errorf("at once, without a webhook: %s %s", line.PlanSlug, line.PriceKey)
			}
			if n := r.number(`SELECT charged_minor FROM quotes WHERE id = $1 AND state = 'done'`, q.ID); int64(n) != q.DueMinor {
				t.Errorf("kept as %d", n)
			}
			r.box.Advance(q.NextAt.Sub(r.box.Now()) + 11*time.Minute)
			r.settle()
			if got := r.taken(who) - before - q.DueMinor; got != q.NextMinor {
				t.Errorf("the bill after it is %d, quoted %d", got, q.NextMinor)
			}
		})
	}
	if r.acts["membership.change"] != 3 {
		t.Errorf("%v", r.acts)
	}
}

func TestAChangeIsRefusedWhenItWouldCostAnotherAmount(t *testing.T) {
	t.Parallel()
	r := changeRig(t)
	spoil := map[string]func(t *testing.T, who account.Actor){
		"credit has come": func(_ *testing.T, who account.Actor) {
			r.stripe("POST", "/v1/customers/"+r.customer(who.ID), url.Values{"balance": {"-700"}})
		},
		"a discount has come": func(_ *testing.T, who account.Actor) {
			coupon := r.stripe("POST", "/v1/coupons", url.Values{"percent_off": {"20"}, "duration": {"forever"}})["id"].(string)
			r.stripe("POST", "/v1/subscriptions/"+r.subscription(r.customer(who.ID)), url.Values{"coupon": {coupon}})
		},
		"another price runs": func(t *testing.T, who account.Actor) {
			if err := r.billing.ChangePlan(t.Context(), who, r.quote(who, "circle", "annual").ID); err != nil {
				t.Fatal(err)
			}
		},
		"another quantity": func(_ *testing.T, who account.Actor) {
			id := r.subscription(r.customer(who.ID))
			item := r.stripe("GET", "/v1/subscriptions/"+id, nil)["items"].(map[string]any)["data"].([]any)[0].(map[string]any)["id"].(string)
			r.stripe("POST", "/v1/subscriptions/"+id, url.Values{"items[0][id]": {item}, "items[0][quantity]": {"2"}, "proration_behavior": {"none"}})
		},
	}
	for name, change := range spoil {
		t.Run("because "+name, func(t *testing.T) {
			who := r.join(goodCard)
			r.box.Advance(48 * time.Hour)
			q := r.quote(who, "studio", "monthly")
			change(t, who)
			r.settle()
			before, had := r.taken(who), r.line(who)
			if err := r.billing.ChangePlan(t.Context(), who, q.ID); !errors.Is(err, billing.ErrQuoteOutdated) {
				t.Errorf("%v", err)
			}
			if err := r.billing.ChangePlan(t.Context(), who, q.ID); !errors.Is(err, billing.ErrQuoteOver) {
				t.Errorf("again: %v", err)
			}
			r.settle()
			if r.taken(who) != before || *r.line(who).PriceID != *had.PriceID {
				t.Error("something was changed")
			}
		})
	}
}

func TestAQuoteIsHersAndHasItsTime(t *testing.T) {
	t.Parallel()
	r := changeRig(t)
	maria, other := r.join(goodCard), r.join(goodCard)
	q := r.quote(maria, "studio", "monthly")
	if err := r.billing.ChangePlan(t.Context(), other, q.ID); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("somebody else's: %v", err)
	}
	if err := r.billing.ChangePlan(t.Context(), maria, uuid.New()); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("nobody's: %v", err)
	}
	r.box.Advance(15 * time.Minute)
	if err := r.billing.ChangePlan(t.Context(), maria, q.ID); !errors.Is(err, billing.ErrQuoteOver) {
		t.Errorf("too late: %v", err)
	}
	if r.taken(maria) != 4900 || r.taken(other) != 4900 {
		t.Error("money moved")
	}
	r.box.Advance(30*24*time.Hour - r.box.Now().Sub(*r.line(maria).CurrentPeriodStart) - time.Minute)
	end := *r.line(maria).CurrentPeriodEnd
	r.box.Advance(end.Sub(r.box.Now()) - 5*time.Minute)
	if q := r.quote(maria, "studio", "monthly"); !q.ExpiresAt.Equal(end) {
		t.Errorf("it outlives the period it counts with: %s", q.ExpiresAt)
	}
}

func TestACardThatSaysNoKeepsThePlan(t *testing.T) {
	t.Parallel()
	r := changeRig(t)
	who := r.join(failsLater)
	r.box.Advance(48 * time.Hour)
	q := r.quote(who, "studio", "monthly")
	if err := r.billing.ChangePlan(t.Context(), who, q.ID); !errors.Is(err, billing.ErrPaymentFailed) {
		t.Errorf("%v", err)
	}
	r.settle()
	if line := r.line(who); line.PlanSlug != "circle" || line.Status != membership.Active || r.taken(who) != 4900 || r.mrr(who) != 58800 {
		t.Errorf("%+v", line)
	}
	r.control("POST", "customers/"+r.customer(who.ID)+"/card", `{"card":"`+goodCard+`"}`)
	if err := r.billing.ChangePlan(t.Context(), who, r.quote(who, "studio", "monthly").ID); err != nil {
		t.Errorf("with another card and a new quote: %v", err)
	}
	if r.mrr(who) != 118800 {
		t.Errorf("%d a year", r.mrr(who))
	}
}

func TestTheAnswerIsLostAndNothingIsChargedTwice(t *testing.T) {
	t.Parallel()
	r := changeRig(t)
	for kind, want := range map[string]error{"503": billing.ErrOutcomeUnclear, "429": billing.ErrOutcomeUnclear, "commit_then_drop": billing.ErrOutcomeUnclear, "500": billing.ErrPaymentsUnavailable} {
		t.Run(kind, func(t *testing.T) {
			who := r.join(goodCard)
			r.box.Advance(48 * time.Hour)
			q := r.quote(who, "studio", "monthly")
			r.fail(kind, "POST", "/v1/subscriptions/", "20")
			err := r.billing.ChangePlan(t.Context(), who, q.ID)
			if err != nil && !errors.Is(err, want) {
				t.Errorf("%v", err)
			}
			r.control("DELETE", "faults", "")
			r.box.Advance(40 * time.Minute) // she comes back when the quote would be over
			again := r.billing.ChangePlan(t.Context(), who, q.ID)
			r.settle()
			paid, plan := r.taken(who)-4900, r.line(who).PlanSlug
			switch {
			case again == nil && (paid != q.DueMinor || plan != "studio"):
				t.Errorf("said to be done, and charged %d of %d for %s", paid, q.DueMinor, plan)
			case again != nil && (paid != 0 || plan != "circle"):
				t.Errorf("%v, and charged %d for %s", again, paid, plan)
			}
		})
	}
}

// She paid, the answer was lost, and she never asked again.
func TestWhatWasNeverAnsweredIsFoundOut(t *testing.T) {
	t.Parallel()
	r := changeRig(t)
	for kind, want := range map[string]string{"commit_then_drop": "done", "503": "void"} {
		t.Run(kind, func(t *testing.T) {
			who := r.join(goodCard)
			r.box.Advance(48 * time.Hour)
			q := r.quote(who, "studio", "monthly")
			hold := func(on bool) { // we do not hear of it either
				r.mailbox.mu.Lock()
				r.mailbox.hold = on
				r.mailbox.mu.Unlock()
			}
			hold(true)
			defer hold(false)
			r.fail(kind, "POST", "/v1/subscriptions/", "20")
			if err := r.billing.ChangePlan(t.Context(), who, q.ID); !errors.Is(err, billing.ErrOutcomeUnclear) {
				t.Fatalf("%v", err)
			}
			r.control("DELETE", "faults", "")
			r.box.Advance(2 * time.Hour)
			if _, err := r.billing.ReconcileUnsettled(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n := r.number(`SELECT count(*) FROM quotes WHERE id = $1 AND state = $2`, q.ID, want); n != 1 {
				t.Errorf("it is not %s", want)
			}
			if plan := r.line(who).PlanSlug; (plan == "studio") != (want == "done") {
				t.Errorf("she has %s", plan)
			}
		})
	}
}

func TestTwoAtOnceChargeOnce(t *testing.T) {
	t.Parallel()
	r := changeRig(t)
	who := r.join(goodCard)
	r.box.Advance(48 * time.Hour)
	q, other := r.quote(who, "studio", "monthly"), r.quote(who, "studio", "quarterly")
	var wg sync.WaitGroup
	for n := range 12 {
		id := q.ID
		if n%4 == 0 {
			id = other.ID
		}
		wg.Go(func() { _ = r.billing.ChangePlan(t.Context(), who, id) })
	}
	wg.Wait()
	r.settle()
	if n := r.number(`SELECT count(*) FROM quotes WHERE state = 'done'`); n != 1 {
		t.Errorf("%d quotes were carried out", n)
	}
	if paid := r.taken(who) - 4900; paid != q.DueMinor && paid != other.DueMinor {
		t.Errorf("charged %d, quoted %d and %d", paid, q.DueMinor, other.DueMinor)
	}
}

// slow is a clock that is an hour behind another.
type slow struct{ boxClock }

func (c slow) Now() time.Time { return c.boxClock.Now().Add(-time.Hour) }

// Stripe counts no time before a period; right after a renewal our clock may
// still be there.
func TestAPlanIsChangedWhileStripesClockIsAhead(t *testing.T) {
	t.Parallel()
	r := changeRig(t)
	who := r.join(goodCard)
	q, err := job.New(r.db, job.Config{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := billing.New(r.db, slow{boxClock{r.box}}, r.membership, q, config(r.url, newReferee(t), r.acts), nil)
	if err != nil {
		t.Fatal(err)
	}
	before := r.taken(who)
	quoted, err := b.Quote(t.Context(), who, billing.PlanChange{Plan: "studio", Price: "monthly"})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.ChangePlan(t.Context(), who, quoted.ID); err != nil {
		t.Fatal(err)
	}
	if got := r.taken(who) - before; got != quoted.DueMinor || got != 9900-4900 {
		t.Errorf("quoted %d, charged %d", quoted.DueMinor, got)
	}
}
