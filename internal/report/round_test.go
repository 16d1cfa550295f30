package report

import (
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/womens-tech-conservatory/conservatory/pkg/money"
)

func TestRoundedMovementsAddUp(t *testing.T) {
	t.Parallel()
	t.Run("thirds that would each round down come out at the end", func(t *testing.T) {
		t.Parallel()
		third := big.NewRat(4, 1) // 4 a year is 1/3 a month
		c, err := sums(third, third, third, new(big.Rat), new(big.Rat), new(big.Rat)).report("usd")
		if err != nil {
			t.Fatal(err)
		}
		if want := (MRRMovement{Start: 0, New: 1, Reactivation: 0, End: 1}); c.MRR != want {
			t.Errorf("got %+v, want %+v", c.MRR, want)
		}
	})
	t.Run("always, none negative, each within one unit of its own rounding", rapid.MakeCheck(func(t *rapid.T) {
		draw := func(name string) *big.Rat {
			return big.NewRat(rapid.Int64Range(0, 1_000_000_000).Draw(t, name), rapid.Int64Range(1, 60).Draw(t, "per"))
		}
		start, fresh, again, more, less, gone := draw("start"), draw("new"), draw("reactivation"), draw("expansion"), draw("contraction"), draw("churn")
		c, err := sums(start, fresh, again, more, less, gone).report("usd")
		if err != nil {
			t.Fatal(err)
		}
		m := c.MRR
		if m.Start+m.New+m.Reactivation+m.Expansion-m.Contraction-m.Churn != m.End {
			t.Fatalf("does not add up: %+v", m)
		}
		for _, part := range []struct {
			shown int64
			exact *big.Rat
		}{{m.New, fresh}, {m.Reactivation, again}, {m.Expansion, more}, {m.Contraction, less}, {m.Churn, gone}} {
			rounded, err := money.Monthly(part.exact)
			if err != nil || part.shown < 0 || part.shown < rounded-1 || part.shown > rounded+1 {
				t.Fatalf("%d for %s: %+v", part.shown, part.exact, m)
			}
		}
	}))
	t.Run("a movement of nothing is shown as nothing", rapid.MakeCheck(func(t *rapid.T) {
		start := big.NewRat(rapid.Int64Range(0, 1_000_000).Draw(t, "start"), 7)
		zero := new(big.Rat)
		c, err := sums(start, zero, zero, zero, zero, zero).report("usd")
		if m := c.MRR; err != nil || m.New != 0 || m.Contraction != 0 || m.Start != m.End {
			t.Fatalf("%+v, %v", c.MRR, err)
		}
	}))
}

func TestLinesThatAreWrongAreAnError(t *testing.T) {
	t.Parallel()
	l := sums(big.NewRat(12, 1), new(big.Rat), new(big.Rat), new(big.Rat), new(big.Rat), new(big.Rat))
	l.annual["end"] = big.NewRat(13, 1)
	if c, err := l.report("usd"); err == nil {
		t.Errorf("an end that movements do not reach: %+v", c.MRR)
	}
	huge := new(big.Rat).SetInt64(math.MaxInt64)
	huge.Mul(huge, big.NewRat(24, 1))
	if c, err := sums(huge, new(big.Rat), new(big.Rat), new(big.Rat), new(big.Rat), new(big.Rat)).report("usd"); err == nil {
		t.Errorf("more than 64 bits: %+v", c.MRR)
	}
	if _, err := currencies([]line{{"usd", "start", "NaN", 1}}); err == nil {
		t.Error("what is not a number was taken")
	}
}

func sums(start, fresh, again, more, less, gone *big.Rat) lines {
	end := new(big.Rat).Add(start, fresh)
	end.Add(end, again).Add(end, more).Sub(end, less).Sub(end, gone)
	return lines{members: map[string]int64{}, annual: map[string]*big.Rat{
		"start": start, "new": fresh, "reactivation": again, "expansion": more,
		"contraction": new(big.Rat).Neg(less), "churn": new(big.Rat).Neg(gone), "end": end,
	}}
}
