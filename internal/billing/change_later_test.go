package billing_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
)

func TestACheaperPlanWaitsForTheEndOfThePeriod(t *testing.T) {
	t.Parallel()
	r := changeRig(t)
	who := r.join(goodCard)
	q := r.quote(who, "studio", "small")
	end := *r.line(who).CurrentPeriodEnd
	if q.Effect != billing.EffectPeriodEnd || q.DueMinor != 0 || len(q.Lines) != 0 || q.NextMinor != 1900 || !q.NextAt.Equal(end) || !q.EffectiveAt.Equal(end) {
		t.Fatalf("%+v", q)
	}
	for range 2 {
		if err := r.billing.ChangePlan(t.Context(), who, q.ID); err != nil {
			t.Fatal(err)
		}
	}
	line := r.line(who)
	if line.PlanSlug != "circle" || line.NextPlanSlug != "studio" || line.NextPriceKey != "small" || line.NextAt == nil || !line.NextAt.Equal(end) || r.mrr(who) != 58800 {
		t.Errorf("%+v", line)
	}
	r.box.Advance(32 * 24 * time.Hour)
	r.settle()
	if line = r.line(who); line.PlanSlug != "studio" || line.PriceKey != "small" || line.NextAt != nil || r.taken(who) != 4900+1900 || r.mrr(who) != 22800 {
		t.Errorf("%+v, paid %d", line, r.taken(who))
	}
	r.box.Advance(31 * 24 * time.Hour)
	r.settle()
	if line = r.line(who); line.ScheduleID != "" || line.PriceKey != "small" || r.taken(who) != 4900+2*1900 {
		t.Errorf("it runs on without a schedule: %+v", line)
	}
	if r.acts["membership.change-later"] != 1 {
		t.Errorf("%v", r.acts)
	}
}

func TestFromAYearToAMonth(t *testing.T) {
	t.Parallel()
	r := changeRig(t)
	who := r.user()
	r.pay(r.checkout(who, "annual"), goodCard)
	r.settle()
	q := r.quote(who, "circle", "monthly")
	if q.Effect != billing.EffectNow || q.DueMinor != 0 || q.NextMinor != 4900 {
		t.Errorf("in her trial nothing waits and nothing is due: %+v", q)
	}
	r.box.Advance(15 * 24 * time.Hour)
	r.settle()
	end := *r.line(who).CurrentPeriodEnd
	q = r.quote(who, "circle", "monthly")
	if q.Effect != billing.EffectPeriodEnd || q.NextMinor != 4900 || !q.NextAt.Equal(end) {
		t.Fatalf("%+v", q)
	}
	if err := r.billing.ChangePlan(t.Context(), who, q.ID); err != nil {
		t.Fatal(err)
	}
	r.box.Advance(end.Sub(r.box.Now()) + time.Hour)
	r.settle()
	if line := r.line(who); line.PriceKey != "monthly" || r.taken(who) != 49000+4900 || !line.CurrentPeriodStart.Equal(end) {
		t.Errorf("%+v, paid %d", line, r.taken(who))
	}
}

func TestAPlannedChangeIsTakenBack(t *testing.T) {
	t.Parallel()
	ways := map[string]func(r *rig, who account.Actor) error{
		"by her": func(r *rig, who account.Actor) error { return r.billing.KeepPlan(r.t.Context(), who) },
		"by ending it all": func(r *rig, who account.Actor) error {
			return r.billing.Cancel(r.t.Context(), who, billing.Cancellation{})
		},
		"by something better": func(r *rig, who account.Actor) error {
			return r.billing.ChangePlan(r.t.Context(), who, r.quote(who, "studio", "monthly").ID)
		},
	}
	for name, take := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := changeRig(t)
			who := r.join(goodCard)
			if err := r.billing.ChangePlan(t.Context(), who, r.quote(who, "studio", "small").ID); err != nil {
				t.Fatal(err)
			}
			if err := take(r, who); err != nil {
				t.Fatal(err)
			}
			if line := r.line(who); line.NextAt != nil || line.ScheduleID != "" {
				t.Errorf("%+v", line)
			}
			r.box.Advance(32 * 24 * time.Hour)
			r.settle()
			if line := r.line(who); line.PriceKey == "small" {
				t.Errorf("it came all the same: %+v", line)
			}
		})
	}
}

func TestWhatIsNotChanged(t *testing.T) {
	t.Parallel()
	r := changeRig(t)
	who := r.join(goodCard)
	ask := func(plan, price string) error {
		_, err := r.billing.Quote(t.Context(), who, billing.PlanChange{Plan: plan, Price: price})
		return err
	}
	for price, want := range map[string]error{"circle monthly": billing.ErrPriceHeld, "studio euro": billing.ErrCurrencyOther, "studio weekly": membership.ErrPriceUnknown, "castle monthly": membership.ErrPriceUnknown} {
		plan, key, _ := strings.Cut(price, " ")
		if err := ask(plan, key); !errors.Is(err, want) {
			t.Errorf("%s: %v", price, err)
		}
	}
	if _, err := r.billing.Quote(t.Context(), who, billing.PlanChange{Plan: "studio", Price: "monthly", Subscription: uuid.New()}); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("a subscription that is not hers: %v", err)
	}
	if _, err := r.billing.Quote(t.Context(), r.user(), billing.PlanChange{Plan: "studio", Price: "monthly"}); !errors.Is(err, billing.ErrNoSubscription) {
		t.Errorf("without a subscription: %v", err)
	}
	r.fail("503", "GET", "/v1/invoices/upcoming", "6")
	if err := ask("studio", "monthly"); !errors.Is(err, billing.ErrPaymentsUnavailable) {
		t.Errorf("when Stripe cannot be asked: %v", err)
	}
	r.control("DELETE", "faults", "")
	if err := r.billing.Cancel(t.Context(), who, billing.Cancellation{}); err != nil {
		t.Fatal(err)
	}
	if err := ask("studio", "monthly"); !errors.Is(err, billing.ErrMembershipEnding) {
		t.Errorf("while it ends: %v", err)
	}
	if n := r.number(`SELECT count(*) FROM quotes`); n != 0 {
		t.Errorf("%d quotes were written", n)
	}
}

// A member keeps the price that she came with, whatever the catalogue says
// since: it is what she sees, what is counted, and what she is credited.
func TestAnOldPriceGoesOn(t *testing.T) {
	t.Parallel()
	r := changeRig(t)
	who := r.join(goodCard)
	r.setup(append(plans(5900), membership.PlanSpec{
		Slug: "studio", Name: "Studio", Description: "More of it.", Position: 2, Prices: []membership.PriceSpec{
			{Key: "monthly", Interval: "month", AmountMinor: 9900, Currency: "usd"}, {Key: "small", Interval: "month", AmountMinor: 1900, Currency: "usd"},
		},
	}), billing.SetupOptions{})
	r.box.Advance(32 * 24 * time.Hour)
	r.settle()
	line := r.line(who)
	if line.AmountMinor != 4900 || line.PlanSlug != "circle" || line.PriceKey != "monthly" || r.taken(who) != 2*4900 || r.mrr(who) != 58800 {
		t.Errorf("%+v, paid %d", line, r.taken(who))
	}
	if q := r.quote(who, "circle", "monthly"); q.Effect != billing.EffectNow || q.NextMinor != 5900 {
		t.Errorf("the new price of the same name is another price: %+v", q)
	}
	if err := r.billing.ChangePlan(t.Context(), who, r.quote(who, "studio", "small").ID); err != nil {
		t.Errorf("away from a price that is not sold any more: %v", err)
	}
	r.box.Advance(31 * 24 * time.Hour)
	r.settle()
	if line := r.line(who); line.PriceKey != "small" {
		t.Errorf("%+v", line)
	}
}
