package report

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

// delta is one change of the annualised amount of a member, on a day of 2026.
type delta struct {
	who, currency string
	day           int
	annual        int64
}

// history draws changes in which nobody ever owes less than nothing.
func history(t *rapid.T, names []string) []delta {
	var all []delta
	for _, who := range names {
		for _, currency := range []string{"eur", "jpy", "usd"} {
			total, day := int64(0), 0
			for range rapid.IntRange(0, 5).Draw(t, "changes") {
				day += rapid.IntRange(0, 60).Draw(t, "later")
				next := rapid.Int64Range(0, 3).Draw(t, "amount") * 1001
				if next != total {
					all = append(all, delta{who, currency, day, next - total})
				}
				total = next
			}
		}
	}
	return all
}

// judge is the definition in words, turned into the slowest possible code.
func judge(all []delta, currency string, from, to int) CurrencyReport {
	type life struct{ before, after, everBefore, everInside int64 }
	lives := map[string]*life{}
	for day := range to {
		for _, d := range all {
			if d.currency == currency && d.day == day {
				if lives[d.who] == nil {
					lives[d.who] = &life{}
				}
				lives[d.who].after += d.annual
			}
		}
		for _, l := range lives {
			if day < from {
				l.before, l.everBefore = l.after, max(l.everBefore, l.after)
			} else {
				l.everInside = max(l.everInside, l.after)
			}
		}
	}
	sum := sums(new(big.Rat), new(big.Rat), new(big.Rat), new(big.Rat), new(big.Rat), new(big.Rat))
	add := func(name string, annual int64, member bool) {
		sum.annual[name].Add(sum.annual[name], big.NewRat(annual, 1))
		if member {
			sum.members[name]++
		}
	}
	for _, l := range lives {
		add("start", l.before, l.before > 0)
		add("end", l.after, l.after > 0)
		switch move := l.after - l.before; {
		case l.before == 0 && l.after > 0 && l.everBefore > 0:
			add("reactivation", move, true)
		case l.before == 0 && l.after > 0:
			add("new", move, true)
		case l.before > 0 && l.after == 0:
			add("churn", move, true)
		case move > 0:
			add("expansion", move, true)
		case move < 0:
			add("contraction", move, true)
		case l.before == 0 && l.everInside > 0:
			sum.members["joined_and_left"]++
		}
	}
	out, err := sum.report(currency)
	if err != nil {
		panic(err)
	}
	return out
}

var errUndo = errors.New("undo")

func TestRandomLedgers(t *testing.T) {
	t.Parallel()
	ctx, db := pgtest.Tx(t)
	names := []string{"Ada", "Bo", "Cy", "Di"}
	w := newWorld(ctx, t, db, names...)
	newYear := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		all := history(t, names)
		from := rapid.IntRange(0, 200).Draw(t, "from")
		to := from + rapid.IntRange(1, 150).Draw(t, "days")
		err := db.InTx(ctx, func(ctx context.Context) error {
			for _, d := range all {
				e := entry{who: d.who, currency: d.currency, at: newYear.AddDate(0, 0, d.day).Format(time.DateOnly)}
				w.record(ctx, e, big.NewRat(d.annual, 1))
			}
			q := Query{From: newYear.AddDate(0, 0, from), To: newYear.AddDate(0, 0, to-1)}
			verify(ctx, t, w, q, all, from, to)
			return errUndo
		})
		if !errors.Is(err, errUndo) {
			t.Fatal(err)
		}
	})
}

func verify(ctx context.Context, t *rapid.T, w *world, q Query, all []delta, from, to int) {
	report, err := w.r.Membership(ctx, q)
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range report.Currencies {
		if diff := cmp.Diff(judge(all, got.Currency, from, to), got, exactly()); diff != "" {
			t.Fatalf("%s (-want +got):\n%s", got.Currency, diff)
		}
		m, n := got.MRR, got.Members
		if m.Start+m.New+m.Reactivation+m.Expansion-m.Contraction-m.Churn != m.End || n.Start+n.New+n.Reactivated-n.Churned != n.End {
			t.Fatalf("does not add up: %+v", got)
		}
		q.Currency = got.Currency
		drill(ctx, t, w, q, got)
	}
}

// drill adds up the members behind each number, exactly.
func drill(ctx context.Context, t *rapid.T, w *world, q Query, c CurrencyReport) {
	p, err := w.r.Period(q)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := read[movementLine](ctx, w.r.conn(ctx), w.r.sql.rows, p.Start, p.End, q.Currency, "", (*time.Time)(nil), uuid.Nil, "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	sum := sums(new(big.Rat), new(big.Rat), new(big.Rat), new(big.Rat), new(big.Rat), new(big.Rat))
	for _, l := range lines {
		before, err1 := exact(l.AnnualBefore)
		after, err2 := exact(l.AnnualAfter)
		if err := errors.Join(err1, err2); err != nil || l.Currency != q.Currency || l.EffectiveAt.Before(p.Start) || !l.EffectiveAt.Before(p.End) {
			t.Fatalf("%+v: %v", l, err)
		}
		sum.annual[string(l.Movement)].Add(sum.annual[string(l.Movement)], after.Sub(after, before))
		sum.members[string(l.Movement)]++
	}
	annual, err := read[line](ctx, w.r.conn(ctx), w.r.sql.lines, p.Start, p.End, q.Currency)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range annual {
		if want, ok := sum.annual[l.Line]; ok && l.Line != "start" && l.Line != "end" && want.Cmp(mustExact(l.Annual)) != 0 {
			t.Fatalf("%s: rows sum to %s, report says %s", l.Line, want, l.Annual)
		}
	}
	n := sum.members
	if got := [3]int64{n["new"], n["reactivation"], n["churn"]}; got != [3]int64{c.Members.New, c.Members.Reactivated, c.Members.Churned} {
		t.Fatalf("rows count %v, report says %+v", got, c.Members)
	}
}

func mustExact(s string) *big.Rat {
	r, err := exact(s)
	if err != nil {
		panic(fmt.Sprint(err))
	}
	return r
}
