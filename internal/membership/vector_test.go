package membership_test

import (
	"math/big"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/membership"
	"github.com/womens-tech-conservatory/conservatory/pkg/money"
)

// sold is one item of a subscription, in minor units.
type sold struct {
	amount   int64
	interval string
	count    int
	quantity int64
}

// off is a discount that lasts for ever: percent, or an amount of each period.
type off struct {
	percent int64
	amount  int64
}

// billed is a subscription of these items as Stripe would tell it.
func billed(t *testing.T, user uuid.UUID, status membership.Status, items []sold, less off) membership.Snapshot {
	t.Helper()
	annual := new(big.Rat)
	for _, i := range items {
		yearly, err := money.Annualised(i.amount, i.interval, i.count, i.quantity)
		if err != nil {
			t.Fatal(err)
		}
		annual.Add(annual, yearly)
	}
	annual.Mul(annual, big.NewRat(100-less.percent, 100))
	if less.amount > 0 {
		yearly, err := money.Annualised(less.amount, items[0].interval, items[0].count, 1)
		if err != nil {
			t.Fatal(err)
		}
		annual.Sub(annual, yearly)
	}
	s := running(user)
	s.Status, s.AnnualMinor = status, membership.Annual(annual)
	return s
}

func each(amount int64, interval string, count int) []sold {
	return []sold{{amount, interval, count, 1}}
}

// monthly is a twelfth of the sum of a series, rounded once and at the end.
func (r rig) monthly(t *testing.T, series membership.Series) int64 {
	t.Helper()
	sum, ok := new(big.Rat).SetString(scalar[string](t, r, `SELECT coalesce(sum(annual_delta), 0)::text FROM membership_ledger WHERE series = $1`, series))
	if !ok {
		t.Fatal("the sum is not a number")
	}
	rounded, err := money.RoundHalfUp(sum.Quo(sum, big.NewRat(12, 1)))
	if err != nil {
		t.Fatal(err)
	}
	return rounded
}

// What others publish as their definition of monthly recurring revenue, sent
// through our ledger: Polar's and Ghost's tests, ChartMogul's and Memberful's
// articles, Stripe's glossary.
func TestMetricVectorsOfOneSubscription(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		items []sold
		less  off
		want  int64
	}{
		"Polar: 300 every three months":          {each(30000, "month", 3), off{}, 10000},
		"Polar: 2400 every two years":            {each(240000, "year", 2), off{}, 10000},
		"Polar: 100 with half off for ever":      {each(10000, "month", 1), off{percent: 50}, 5000},
		"Polar: 50 every two weeks":              {each(5000, "week", 2), off{}, 10833},
		"Ghost: 1200 a year, half off for ever":  {each(120000, "year", 1), off{percent: 50}, 5000},
		"Ghost: 500 a month, 1 off for ever":     {each(50000, "month", 1), off{amount: 100}, 49900},
		"Ghost: 1200 a year, 60 off for ever":    {each(120000, "year", 1), off{amount: 6000}, 9500},
		"Ghost: half off for three months":       {each(50000, "month", 1), off{}, 50000}, // one that ends is no lower price
		"ChartMogul: four of 500 a year":         {[]sold{{50000, "year", 1, 4}}, off{}, 16667},
		"ChartMogul: and two of 30 a month":      {[]sold{{50000, "year", 1, 4}, {3000, "month", 1, 2}}, off{}, 22667},
		"Memberful: 10 a month":                  {each(1000, "month", 1), off{}, 1000},
		"Memberful: 100 a year":                  {each(10000, "year", 1), off{}, 833},
		"Memberful: 10 a month, 5 off for ever":  {each(1000, "month", 1), off{amount: 500}, 500},
		"Stripe: 600 a year":                     {each(60000, "year", 1), off{}, 5000},
		"in a currency without decimals":         {each(5000, "year", 1), off{}, 417},
		"a free one":                             {each(0, "month", 1), off{}, 0},
		"everything off for ever":                {each(4900, "month", 1), off{percent: 100}, 0},
		"not as four weeks a month, like others": {each(1000, "week", 1), off{}, 4333},
		"not as thirty days a month":             {each(100, "day", 1), off{}, 3042},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.record(t, billed(t, r.user(t), membership.Active, c.items, c.less))
			if got := r.monthly(t, membership.MRR); got != c.want {
				t.Errorf("%d a month, not %d", got, c.want)
			}
		})
	}
}

// 100 monthly ones of 100 and 50 yearly ones of 600: Stripe's glossary means
// 12,500, and prints an arithmetic slip.
func TestMetricVectorsOfMany(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for range 100 {
		r.record(t, billed(t, r.user(t), membership.Active, each(10000, "month", 1), off{}))
	}
	for range 50 {
		r.record(t, billed(t, r.user(t), membership.Active, each(60000, "year", 1), off{}))
	}
	if got := r.monthly(t, membership.MRR); got != 1_250_000 {
		t.Errorf("%d", got)
	}
	// Rounded once: twelve yearly ones of 1.00 are 1.00, not twelve times 0.08.
	for range 12 {
		r.record(t, billed(t, r.user(t), membership.Active, each(100, "year", 1), off{}))
	}
	if got := r.monthly(t, membership.MRR); got != 1_250_100 {
		t.Errorf("%d: rounded one by one", got)
	}
}

// Polar: a trial, a trial that will end, and a paying one.
func TestMetricVectorsOfTrials(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	hundred := each(10000, "month", 1)
	trial, leaving := billed(t, r.user(t), membership.Trialing, hundred, off{}), billed(t, r.user(t), membership.Trialing, hundred, off{})
	leaving.CancelAtPeriodEnd = true
	for _, s := range []membership.Snapshot{trial, leaving, billed(t, r.user(t), membership.Active, hundred, off{})} {
		r.record(t, s)
	}
	if mrr, trials := r.monthly(t, membership.MRR), r.monthly(t, membership.Trial); mrr != 10000 || trials != 20000 {
		t.Errorf("%d, and %d in trials", mrr, trials)
	}
	r.clock.Advance(15 * 24 * time.Hour)
	over := r.clock.Now()
	trial.Status, leaving.Status, leaving.EndedAt = membership.Active, membership.Canceled, &over
	r.record(t, trial)
	r.record(t, leaving)
	if mrr, trials := r.monthly(t, membership.MRR), r.monthly(t, membership.Trial); mrr != 20000 || trials != 0 {
		t.Errorf("afterwards %d, and %d in trials", mrr, trials)
	}
}

// Polar: two members; one asks in February to end in March.
func TestMetricVectorsOfAnEnd(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	stays, goes := billed(t, r.user(t), membership.Active, each(10000, "month", 1), off{}), billed(t, r.user(t), membership.Active, each(10000, "month", 1), off{})
	r.record(t, stays)
	r.record(t, goes)
	r.clock.Advance(10 * 24 * time.Hour)
	goes.CancelAtPeriodEnd = true
	r.record(t, goes)
	if mrr, committed := r.monthly(t, membership.MRR), r.monthly(t, membership.MRR)-r.monthly(t, membership.Ending); mrr != 20000 || committed != 10000 {
		t.Errorf("while it runs out %d, committed %d", mrr, committed)
	}
	r.clock.Set(*goes.CurrentPeriodEnd)
	goes.Status, goes.EndedAt = membership.Canceled, goes.CurrentPeriodEnd
	r.record(t, goes)
	if mrr, committed := r.monthly(t, membership.MRR), r.monthly(t, membership.MRR)-r.monthly(t, membership.Ending); mrr != 10000 || committed != 10000 {
		t.Errorf("afterwards %d, committed %d", mrr, committed)
	}
}

// Steps of one member, each with what it adds: ChartMogul's Gold and Silver,
// and Ghost's discount that comes to a running subscription.
func TestMetricVectorsOfChanges(t *testing.T) {
	t.Parallel()
	t.Run("ChartMogul: 166.67 new, 60 more, 60 less, gone, back", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		user := r.user(t)
		gold := billed(t, user, membership.Active, []sold{{50000, "year", 1, 4}}, off{})
		silver := billed(t, user, membership.Active, []sold{{3000, "month", 1, 2}}, off{})
		at := func(want int64) {
			t.Helper()
			if got := r.monthly(t, membership.MRR); got != want {
				t.Errorf("%d, not %d", got, want)
			}
			r.clock.Advance(48 * time.Hour)
		}
		r.record(t, gold)
		at(16667)
		r.record(t, silver)
		at(22667)
		end := func(s membership.Snapshot) {
			now := r.clock.Now()
			s.Status, s.EndedAt = membership.Canceled, &now
			r.record(t, s)
		}
		end(silver)
		at(16667)
		end(gold)
		at(0)
		r.record(t, billed(t, user, membership.Active, []sold{{50000, "year", 1, 4}}, off{}))
		at(16667)
	})
	t.Run("Ghost: 500 new, 100 less", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		s := billed(t, r.user(t), membership.Active, each(50000, "month", 1), off{})
		r.record(t, s)
		r.clock.Advance(24 * time.Hour)
		s.AnnualMinor = billed(t, s.UserID, membership.Active, each(50000, "month", 1), off{percent: 20}).AnnualMinor
		r.record(t, s)
		got := scalar[string](t, r, `SELECT string_agg(round(annual_delta / 12)::text, ' ' ORDER BY id) FROM membership_ledger WHERE series = 'mrr'`)
		if got != "50000 -10000" {
			t.Errorf("%s", got)
		}
	})
}
