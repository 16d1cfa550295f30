package membership_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

func circle(slug string) membership.PlanSpec {
	return membership.PlanSpec{
		Slug: slug, Name: "Circle", Description: "All of it.", Benefits: []string{"Spaces", "A cohort"}, Position: 1,
		Prices: []membership.PriceSpec{
			{Key: "monthly", Interval: "month", AmountMinor: 4900, Currency: "usd"},
			{Key: "annual", Interval: "year", AmountMinor: 49000, Currency: "usd", TrialDays: 7},
		},
	}
}

func (r rig) save(t *testing.T, spec membership.PlanSpec) {
	t.Helper()
	if err := r.membership.SavePlan(r.ctx, spec); err != nil {
		t.Fatal(err)
	}
}

func TestSavePlanRepeatedChangesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	slug := "circle-" + pg.NewID().String()
	r.save(t, circle(slug))
	first, err := r.membership.Plans(r.ctx)
	if err != nil {
		t.Fatal(err)
	}
	r.save(t, circle(slug))
	second, err := r.membership.Plans(r.ctx)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, second); diff != "" || len(first) != 1 || len(first[0].Prices) != 2 {
		t.Errorf("%d plans: %s", len(first), diff)
	}
	if diff := cmp.Diff([]string{"Spaces", "A cohort"}, first[0].BenefitList()); diff != "" {
		t.Error(diff)
	}
}

func TestAnotherAmountIsAnotherPrice(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	slug := "circle-" + pg.NewID().String()
	spec := circle(slug)
	r.save(t, spec)
	old, err := r.membership.Price(r.ctx, slug, "monthly")
	if err != nil {
		t.Fatal(err)
	}
	if err := r.membership.MapPrice(r.ctx, old.Price.ID, "prod_"+slug, "price_"+slug); err != nil {
		t.Fatal(err)
	}
	spec.Prices = []membership.PriceSpec{{Key: "monthly", Interval: "month", AmountMinor: 5900, Currency: "usd"}}
	r.save(t, spec)
	fresh, err := r.membership.Price(r.ctx, slug, "monthly")
	if err != nil {
		t.Fatal(err)
	}
	if fresh.Price.ID == old.Price.ID || fresh.Price.AmountMinor != 5900 || fresh.Price.StripePriceID != nil {
		t.Errorf("got %+v", fresh.Price)
	}
	if _, err := r.membership.Price(r.ctx, slug, "annual"); !errors.Is(err, membership.ErrPriceUnknown) {
		t.Errorf("a price that was left out is still on sale: %v", err)
	}
	mapped, err := r.membership.Mapped(r.ctx, []string{"price_" + slug, "price_of_somebody_else"})
	if err != nil || len(mapped) != 1 || mapped["price_"+slug].ID != old.Price.ID {
		t.Errorf("those who have the old price lost it: %v, %v", mapped, err)
	}
}

func TestUnknownPricesSayWhatIsUnknown(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	slug := "circle-" + pg.NewID().String()
	spec := circle(slug)
	r.save(t, spec)
	hidden := circle(slug + "-hidden")
	hidden.State = membership.Hidden
	r.save(t, hidden)
	for _, c := range []struct{ plan, price, pointer string }{
		{"nothing-" + slug, "monthly", "/plan"}, {slug, "weekly", "/price"}, {hidden.Slug, "monthly", "/plan"},
	} {
		_, err := r.membership.Price(r.ctx, c.plan, c.price)
		f := fault.From(err)
		if f == nil || f.Code != "price-unknown" || f.Kind != fault.Invalid || f.Fields[0].Pointer != c.pointer {
			t.Errorf("%s/%s: %v", c.plan, c.price, err)
		}
	}
}
