package money_test

import (
	"errors"
	"math"
	"math/big"
	"testing"

	"github.com/womens-tech-conservatory/conservatory/pkg/money"
)

type subscription struct {
	minor    int64
	interval string
	count    int
	qty      int64
}

func monthly(t *testing.T, subs ...subscription) int64 {
	t.Helper()
	var all []*big.Rat
	for _, s := range subs {
		a, err := money.Annualised(s.minor, s.interval, s.count, s.qty)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, a)
	}
	got, err := money.Monthly(all...)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// The cases are published examples: Polar's tests, ChartMogul's, Memberful's
// and Stripe's help pages.
func TestMonthlyAgreesWithPublishedExamples(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		want int64
		subs []subscription
	}{
		"300.00 every 3 months":                    {10000, []subscription{{30000, "month", 3, 1}}},
		"2400.00 every 2 years":                    {10000, []subscription{{240000, "year", 2, 1}}},
		"50.00 every 2 weeks":                      {10833, []subscription{{5000, "week", 2, 1}}},
		"4 yearly seats of 500.00":                 {16667, []subscription{{50000, "year", 1, 4}}},
		"10.00 a month":                            {1000, []subscription{{1000, "month", 1, 1}}},
		"100.00 a year":                            {833, []subscription{{10000, "year", 1, 1}}},
		"600.00 a year, halved":                    {2500, []subscription{{30000, "year", 1, 1}}},
		"100 × 100.00 a month, 50 × 600.00 a year": {1250000, []subscription{{10000, "month", 1, 100}, {60000, "year", 1, 50}}},
		"1.00 a day":                               {3042, []subscription{{100, "day", 1, 1}}},
		"nothing":                                  {0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := monthly(t, c.subs...); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}

func TestMonthlyRoundsTheSumAndNotItsParts(t *testing.T) {
	t.Parallel()
	var thousand []subscription
	for range 1000 {
		thousand = append(thousand, subscription{10000, "year", 1, 1})
	}
	if got := monthly(t, thousand...); got != 833333 {
		t.Errorf("a thousand members at 100.00 a year: got %d, want 833333", got)
	}
}

func TestRoundHalfUpGoesAwayFromZeroOnHalves(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"0": 0, "1/2": 1, "-1/2": -1, "3/2": 2, "5/2": 3, "-5/2": -3, "1/3": 0, "2/3": 1, "-2/3": -1,
		"49999999999999999999/100000000000000000000": 0, "7": 7, "-7": -7,
		"9223372036854775807": math.MaxInt64, "-9223372036854775808": math.MinInt64,
		"92233720368547758074/10": math.MaxInt64,
	} {
		r, ok := new(big.Rat).SetString(text)
		if !ok {
			t.Fatal(text)
		}
		before := r.String()
		if got, err := money.RoundHalfUp(r); err != nil || got != want {
			t.Errorf("%s: got %d, %v, want %d", text, got, err, want)
		}
		if r.String() != before {
			t.Errorf("%s was changed to %v", text, r)
		}
	}
}

func TestWhatDoesNotFitIsAnOverflow(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"9223372036854775808", "92233720368547758075/10", "-9223372036854775809"} {
		r, _ := new(big.Rat).SetString(text)
		if got, err := money.RoundHalfUp(r); !errors.Is(err, money.ErrOverflow) {
			t.Errorf("%s: got %d, %v", text, got, err)
		}
	}
	a, err := money.Annualised(math.MaxInt64, "day", 1, math.MaxInt64)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := money.Monthly(a); !errors.Is(err, money.ErrOverflow) {
		t.Errorf("monthly: %v", err)
	}
}

func TestAnnualisedRefusesUnknownRhythms(t *testing.T) {
	t.Parallel()
	for _, s := range []subscription{{1, "", 1, 1}, {1, "Month", 1, 1}, {1, "quarter", 1, 1}, {1, "month", 0, 1}, {1, "month", -1, 1}} {
		if got, err := money.Annualised(s.minor, s.interval, s.count, s.qty); err == nil {
			t.Errorf("%+v: got %v", s, got)
		}
	}
}
