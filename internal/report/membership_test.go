package report

import (
	"math/big"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
	"github.com/womens-tech-conservatory/conservatory/pkg/money"
)

// exactly compares numbers by value.
func exactly() cmp.Option {
	return cmp.Comparer(func(a, b *big.Rat) bool {
		return (a == nil) == (b == nil) && (a == nil || a.Cmp(b) == 0)
	})
}

// TestMovements tells what each history is in November 2026.
func TestMovements(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		ledger  []entry
		mrr     MRRMovement
		members MemberMovement
		rate    *big.Rat
	}{
		{
			"the first time ever is new",
			[]entry{{who: "Ada", at: "2026-11-10", monthly: 4900}},
			MRRMovement{New: 4900, End: 4900},
			MemberMovement{New: 1, End: 1},
			nil,
		},
		{
			"new and more inside the period is all new",
			[]entry{{who: "Ada", at: "2026-11-10", monthly: 4900}, {who: "Ada", at: "2026-11-12", monthly: 100}},
			MRRMovement{New: 5000, End: 5000},
			MemberMovement{New: 1, End: 1},
			nil,
		},
		{
			"again is a reactivation",
			[]entry{{who: "Ada", at: "2026-01-10", monthly: 4900}, {who: "Ada", at: "2026-02-10", monthly: -4900}, {who: "Ada", at: "2026-11-10", monthly: 3900}},
			MRRMovement{Reactivation: 3900, End: 3900},
			MemberMovement{Reactivated: 1, End: 1},
			nil,
		},
		{
			"more is expansion",
			[]entry{{who: "Ada", at: "2026-01-10", monthly: 4900}, {who: "Ada", at: "2026-11-10", monthly: 100}},
			MRRMovement{Start: 4900, Expansion: 100, End: 5000},
			MemberMovement{Start: 1, End: 1},
			new(big.Rat),
		},
		{
			"less is contraction",
			[]entry{{who: "Ada", at: "2026-01-10", monthly: 4900}, {who: "Ada", at: "2026-11-10", monthly: -100}},
			MRRMovement{Start: 4900, Contraction: 100, End: 4800},
			MemberMovement{Start: 1, End: 1},
			new(big.Rat),
		},
		{
			"to nothing is churn, of those who were there",
			[]entry{{who: "Ada", at: "2026-01-10", monthly: 4900}, {who: "Bo", at: "2026-01-10", monthly: 1000}, {who: "Ada", at: "2026-11-10", monthly: -4900}},
			MRRMovement{Start: 5900, Churn: 4900, End: 1000},
			MemberMovement{Start: 2, Churned: 1, End: 1},
			big.NewRat(1, 2),
		},
		{
			"who came and went inside has joined and left and is in nothing else",
			[]entry{{who: "Ada", at: "2026-11-10", monthly: 4900}, {who: "Ada", at: "2026-11-20", monthly: -4900}},
			MRRMovement{},
			MemberMovement{JoinedAndLeft: 1},
			nil,
		},
		{
			"who went and came back inside has not moved",
			[]entry{{who: "Ada", at: "2026-01-10", monthly: 4900}, {who: "Ada", at: "2026-11-10", monthly: -4900}, {who: "Ada", at: "2026-11-20", monthly: 4900}},
			MRRMovement{Start: 4900, End: 4900},
			MemberMovement{Start: 1, End: 1},
			new(big.Rat),
		},
		{
			"what comes and goes at one instant never was",
			[]entry{{who: "Ada", at: "2026-11-10", monthly: 4900}, {who: "Ada", at: "2026-11-10", monthly: -4900}},
			MRRMovement{},
			MemberMovement{},
			nil,
		},
		{
			"and makes no later visit a reactivation",
			[]entry{{who: "Ada", at: "2026-01-10", monthly: 4900}, {who: "Ada", at: "2026-01-10", monthly: -4900}, {who: "Ada", at: "2026-11-10", monthly: 4900}},
			MRRMovement{New: 4900, End: 4900},
			MemberMovement{New: 1, End: 1},
			nil,
		},
		{
			"of two subscriptions the end of one is contraction",
			[]entry{{who: "Ada", at: "2026-01-10", monthly: 4900}, {who: "Ada", at: "2026-02-10", monthly: 1000}, {who: "Ada", at: "2026-11-10", monthly: -1000}},
			MRRMovement{Start: 5900, Contraction: 1000, End: 4900},
			MemberMovement{Start: 1, End: 1},
			new(big.Rat),
		},
		{
			"nobody at the start: no rate",
			[]entry{{who: "Ada", at: "2026-12-10", monthly: 4900}, {who: "Bo", at: "2026-11-10", monthly: 100}},
			MRRMovement{New: 100, End: 100},
			MemberMovement{New: 1, End: 1},
			nil,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ctx, db := pgtest.Tx(t)
			w := newWorld(ctx, t, db, "Ada", "Bo")
			w.ledger(ctx, c.ledger...)
			want := []CurrencyReport{{Currency: "usd", MRR: c.mrr, Members: c.members, Committed: c.mrr.End, ChurnRate: c.rate}}
			if diff := cmp.Diff(want, w.report(ctx, over(t, "2026-11-01", "2026-11-30")).Currencies, exactly()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestCurrenciesAreApart(t *testing.T) {
	t.Parallel()
	ctx, db := pgtest.Tx(t)
	w := newWorld(ctx, t, db, "Ada", "Bo")
	w.ledger(
		ctx,
		entry{who: "Ada", at: "2026-01-10", monthly: 4900},
		entry{who: "Ada", at: "2026-11-10", monthly: -4900},
		entry{who: "Ada", at: "2026-11-10", monthly: 4500, currency: "eur"},
		entry{who: "Bo", at: "2026-11-10", monthly: 700, currency: "jpy"},
	)
	eur := CurrencyReport{Currency: "eur", MRR: MRRMovement{New: 4500, End: 4500}, Members: MemberMovement{New: 1, End: 1}, Committed: 4500}
	jpy := CurrencyReport{Currency: "jpy", MRR: MRRMovement{New: 700, End: 700}, Members: MemberMovement{New: 1, End: 1}, Committed: 700}
	usd := CurrencyReport{Currency: "usd", MRR: MRRMovement{Start: 4900, Churn: 4900}, Members: MemberMovement{Start: 1, Churned: 1}, ChurnRate: big.NewRat(1, 1)}
	q := over(t, "2026-11-01", "2026-11-30")
	if diff := cmp.Diff([]CurrencyReport{eur, jpy, usd}, w.report(ctx, q).Currencies, exactly()); diff != "" {
		t.Errorf("all (-want +got):\n%s", diff)
	}
	q.Currency = "jpy"
	if diff := cmp.Diff([]CurrencyReport{jpy}, w.report(ctx, q).Currencies, exactly()); diff != "" {
		t.Errorf("only one (-want +got):\n%s", diff)
	}
	q.Currency = "gbp"
	if got := w.report(ctx, q).Currencies; len(got) != 0 {
		t.Errorf("never used: %+v", got)
	}
}

// Members and their series as Polar's metrics tests have them: one cancels in
// February and ends in March.
func TestSeriesBesideMRR(t *testing.T) {
	t.Parallel()
	ctx, db := pgtest.Tx(t)
	w := newWorld(ctx, t, db, "Ada", "Bo", "Cy", "Di")
	w.ledger(
		ctx,
		entry{who: "Ada", at: "2026-01-05", monthly: 10000},
		entry{who: "Bo", at: "2026-01-05", monthly: 10000},
		entry{who: "Bo", at: "2026-02-10", monthly: 10000, series: "ending"},
		entry{who: "Bo", at: "2026-03-05", monthly: -10000, series: "ending"},
		entry{who: "Bo", at: "2026-03-05", monthly: -10000},
		entry{who: "Cy", at: "2026-02-01", monthly: 10000, series: "trial"},
		entry{who: "Di", at: "2026-02-01", monthly: 10000, series: "trial"},
		entry{who: "Cy", at: "2026-03-01", monthly: -10000, series: "trial"},
		entry{who: "Cy", at: "2026-03-01", monthly: 10000},
		entry{who: "Ada", at: "2026-02-20", monthly: 10000, series: "at_risk"},
		entry{who: "Ada", at: "2026-03-20", monthly: -10000, series: "at_risk"},
		entry{who: "Di", at: "2026-02-02", monthly: 9900, series: "paused"},
	)
	type numbers struct{ MRR, Committed, Trial, AtRisk int64 }
	for _, c := range []struct {
		name, from, to string
		want           numbers
	}{
		{"January", "2026-01-01", "2026-01-31", numbers{MRR: 20000, Committed: 20000}},
		{"February: cancelled, trials run, one is past due", "2026-02-01", "2026-02-28", numbers{MRR: 20000, Committed: 10000, Trial: 20000, AtRisk: 10000}},
		{"March: ended, one trial became a member, one still runs", "2026-03-01", "2026-03-31", numbers{MRR: 20000, Committed: 20000, Trial: 10000}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := w.report(ctx, over(t, c.from, c.to)).Currencies[0]
			if diff := cmp.Diff(c.want, numbers{got.MRR.End, got.Committed, got.Trial, got.AtRisk}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// The arithmetic of others, from their own tests and pages.
func TestMonthlyAmountsOfOthers(t *testing.T) {
	t.Parallel()
	type price struct {
		minor    int64
		interval string
		count    int
		quantity int64
	}
	for _, c := range []struct {
		name   string
		prices []price
		want   int64
	}{
		{"Polar: 300 every 3 months", []price{{30000, "month", 3, 1}}, 10000},
		{"Polar: 2400 every 2 years", []price{{240000, "year", 2, 1}}, 10000},
		{"Polar: 50 every 2 weeks", []price{{5000, "week", 2, 1}}, 10833},
		{"ChartMogul: 4 of 500 a year", []price{{50000, "year", 1, 4}}, 16667},
		{"Memberful: 100 a year", []price{{10000, "year", 1, 1}}, 833},
		{"Stripe: 100 of 100 a month and 50 of 600 a year", []price{{10000, "month", 1, 100}, {60000, "year", 1, 50}}, 1250000},
		{"rounded once, not each: three of 100 a year", []price{{10000, "year", 1, 1}, {10000, "year", 1, 1}, {10000, "year", 1, 1}}, 2500},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ctx, db := pgtest.Tx(t)
			w := newWorld(ctx, t, db, "Ada", "Bo", "Cy")
			for n, p := range c.prices {
				annual, err := money.Annualised(p.minor, p.interval, p.count, p.quantity)
				if err != nil {
					t.Fatal(err)
				}
				w.record(ctx, entry{who: []string{"Ada", "Bo", "Cy"}[n], at: "2026-11-10"}, annual)
			}
			if got := w.report(ctx, over(t, "2026-11-01", "2026-11-30")).Currencies[0].MRR; got.New != c.want || got.End != c.want {
				t.Errorf("MRR %+v, want %d", got, c.want)
			}
		})
	}
}

// ChartMogul article 201244842, and 203359341 for the churn rate.
func TestOneMemberThroughAYear(t *testing.T) {
	t.Parallel()
	ctx, db := pgtest.Tx(t)
	w := newWorld(ctx, t, db, "Ada")
	w.ledger(
		ctx,
		entry{who: "Ada", at: "2026-01-10", monthly: 16667},
		entry{who: "Ada", at: "2026-02-10", monthly: 6000},
		entry{who: "Ada", at: "2026-03-10", monthly: -6000},
		entry{who: "Ada", at: "2026-04-10", monthly: -16667},
		entry{who: "Ada", at: "2026-05-10", monthly: 16667},
	)
	for _, c := range []struct {
		from, to string
		want     MRRMovement
	}{
		{"2026-01-01", "2026-01-31", MRRMovement{New: 16667, End: 16667}},
		{"2026-02-01", "2026-02-28", MRRMovement{Start: 16667, Expansion: 6000, End: 22667}},
		{"2026-03-01", "2026-03-31", MRRMovement{Start: 22667, Contraction: 6000, End: 16667}},
		{"2026-04-01", "2026-04-30", MRRMovement{Start: 16667, Churn: 16667}},
		{"2026-05-01", "2026-05-31", MRRMovement{Reactivation: 16667, End: 16667}},
		{"2026-01-01", "2026-12-31", MRRMovement{New: 16667, End: 16667}},
	} {
		if diff := cmp.Diff(c.want, w.report(ctx, over(t, c.from, c.to)).Currencies[0].MRR); diff != "" {
			t.Errorf("%s to %s (-want +got):\n%s", c.from, c.to, diff)
		}
	}
}

func TestReportStatements(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	w := newWorld(t.Context(), t, db, "Ada")
	ctx, n := pg.Count(t.Context())
	w.report(ctx, over(t, "2026-11-01", "2026-11-30"))
	if n.N() != 2 {
		t.Errorf("%d statements, want 2", n.N())
	}
}
