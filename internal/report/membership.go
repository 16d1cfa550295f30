package report

import (
	"context"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"time"

	"github.com/womens-tech-conservatory/conservatory/pkg/money"
)

// MembershipReport is members and MRR over a period.
type MembershipReport struct {
	Period
	GeneratedAt time.Time
	Access      AccessCount
	Currencies  []CurrencyReport // in alphabetic order, of those that were ever used
}

// AccessCount is everybody with access at the end of the period or now,
// whichever is earlier, whatever the currency.
type AccessCount struct {
	Paying         int64 // with MRR above zero
	WithoutPayment int64
	ByReason       []ReasonCount // of those without payment
}

// ReasonCount is how many have access for one reason.
type ReasonCount struct {
	Reason  string
	Members int64
}

// CurrencyReport is the numbers of one currency, in its minor units.
type CurrencyReport struct {
	Currency  string
	MRR       MRRMovement
	Members   MemberMovement
	AtRisk    int64    // the part of the end that is past due
	Committed int64    // the end without what is going to end
	Trial     int64    // what running trials would come to
	ChurnRate *big.Rat // churned / start; nil when nobody was there at the start
}

// MRRMovement adds up: Start + New + Reactivation + Expansion - Contraction -
// Churn = End.
type MRRMovement struct{ Start, New, Reactivation, Expansion, Contraction, Churn, End int64 }

// MemberMovement adds up: Start + New + Reactivated - Churned = End.
type MemberMovement struct{ Start, New, Reactivated, Churned, JoinedAndLeft, End int64 }

// Membership gives the report of a period. Faults: those of Period.
func (r *Report) Membership(ctx context.Context, q Query) (MembershipReport, error) {
	p, err := r.Period(q)
	if err != nil {
		return MembershipReport{}, err
	}
	out := MembershipReport{Period: p, GeneratedAt: r.clock.Now()}
	err = r.snapshot(ctx, func(c querier) error {
		lines, err := read[line](ctx, c, r.sql.lines, p.Start, p.End, q.Currency)
		if err != nil {
			return fmt.Errorf("read the lines of a membership report: %w", err)
		}
		if out.Currencies, err = currencies(lines); err != nil {
			return err
		}
		out.Access, err = r.access(ctx, c, p.End, out.GeneratedAt)
		return err
	})
	return out, err
}

func (r *Report) access(ctx context.Context, c querier, end, now time.Time) (AccessCount, error) {
	sql, at := r.sql.accessThen, end
	if end.After(now) {
		sql, at = r.sql.accessNow, now
	}
	counts, err := read[ReasonCount](ctx, c, sql, at)
	if err != nil {
		return AccessCount{}, fmt.Errorf("count who has access: %w", err)
	}
	var out AccessCount
	for _, n := range counts {
		if n.Reason == "paying" {
			out.Paying = n.Members
			continue
		}
		out.WithoutPayment += n.Members
		out.ByReason = append(out.ByReason, n)
	}
	return out, nil
}

// line is one exact number: a movement, start, end, or a series beside MRR.
type line struct {
	Currency string
	Line     string
	Annual   string
	Members  int64
}

// lines are those of one currency, by name; what is not there is zero.
type lines struct {
	annual  map[string]*big.Rat
	members map[string]int64
}

func currencies(all []line) ([]CurrencyReport, error) {
	by := map[string]lines{}
	for _, l := range all {
		if _, seen := by[l.Currency]; !seen {
			by[l.Currency] = lines{map[string]*big.Rat{}, map[string]int64{}}
		}
		annual, err := exact(l.Annual)
		if err != nil {
			return nil, fmt.Errorf("read %s of %s: %w", l.Line, l.Currency, err)
		}
		by[l.Currency].annual[l.Line], by[l.Currency].members[l.Line] = annual, l.Members
	}
	var out []CurrencyReport
	for _, currency := range slices.Sorted(maps.Keys(by)) {
		c, err := by[currency].report(currency)
		if err != nil {
			return nil, fmt.Errorf("sum up %s: %w", currency, err)
		}
		out = append(out, c)
	}
	return out, nil
}

func (l lines) report(currency string) (CurrencyReport, error) {
	t := tally{total: new(big.Rat)}
	m := MRRMovement{
		Start:        t.step(l.of("start")),
		New:          t.step(l.of("new")),
		Reactivation: t.step(l.of("reactivation")),
		Expansion:    t.step(l.of("expansion")),
		Contraction:  -t.step(l.of("contraction")),
		Churn:        -t.step(l.of("churn")),
	}
	if t.total.Cmp(l.of("end")) != 0 {
		return CurrencyReport{}, fmt.Errorf("movements end at %s, members at %s", t.total.RatString(), l.of("end").RatString())
	}
	m.End = t.shown
	n := l.members
	out := CurrencyReport{
		Currency: currency,
		MRR:      m,
		Members: MemberMovement{
			Start: n["start"], New: n["new"], Reactivated: n["reactivation"], Churned: n["churn"],
			JoinedAndLeft: n["joined_and_left"], End: n["end"],
		},
		AtRisk:    t.monthly(l.of("at_risk")),
		Committed: t.monthly(new(big.Rat).Sub(l.of("end"), l.of("ending"))),
		Trial:     t.monthly(l.of("trial")),
	}
	if n["start"] > 0 {
		out.ChurnRate = big.NewRat(n["churn"], n["start"])
	}
	return out, t.err
}

func (l lines) of(name string) *big.Rat {
	if r := l.annual[name]; r != nil {
		return r
	}
	return new(big.Rat)
}

// tally rounds running totals, so that the steps between them add up.
type tally struct {
	total *big.Rat // annualised
	shown int64
	err   error // the first one
}

// step adds an annualised amount and gives by how much the rounded total moves.
func (t *tally) step(annual *big.Rat) int64 {
	before := t.shown
	t.total.Add(t.total, annual)
	t.shown = t.monthly(t.total)
	return t.shown - before
}

func (t *tally) monthly(annual *big.Rat) int64 {
	n, err := money.Monthly(annual)
	if err != nil && t.err == nil {
		t.err = err
	}
	return n
}
