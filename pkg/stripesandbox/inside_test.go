package stripesandbox

import (
	"net/url"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v76"
)

func TestPeriodsAreCountedFromTheAnchor(t *testing.T) {
	t.Parallel()
	for _, interval := range []string{"day", "week", "month", "year"} {
		for _, count := range []int64{1, 3} {
			anchor := time.Date(2024, 2, 29, 23, 59, 59, 0, time.UTC)
			recurring := object{"interval": interval, "interval_count": count}
			at := anchor.Unix()
			for i := range 60 {
				start, end, index := periodAround(anchor.Unix(), recurring, at)
				if start != at || end <= start || index != i {
					t.Fatalf("%d %s: period %d is %d-%d (%d), want it to start at %d", count, interval, i, start, end, index, at)
				}
				if s, e, _ := periodAround(anchor.Unix(), recurring, end-1); s != start || e != end {
					t.Fatalf("%d %s: the last second of period %d is in %d-%d", count, interval, i, s, e)
				}
				at = end
			}
		}
	}
}

func TestMonthsKeepTheDay(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		from   string
		months int
		want   string
	}{
		{"2023-01-31", 1, "2023-02-28"},
		{"2024-01-31", 1, "2024-02-29"},
		{"2024-01-31", 2, "2024-03-31"},
		{"2024-08-31", 1, "2024-09-30"},
		{"2024-12-30", 2, "2025-02-28"},
		{"2024-02-29", 12, "2025-02-28"},
		{"2024-02-29", 48, "2028-02-29"},
		{"2024-03-31", -1, "2024-02-29"},
	} {
		from, err := time.Parse(time.DateOnly, tc.from)
		if err != nil {
			t.Fatal(err)
		}
		if got := addMonths(from, tc.months).Format(time.DateOnly); got != tc.want {
			t.Errorf("%s and %d months is %s, want %s", tc.from, tc.months, got, tc.want)
		}
	}
}

func TestMoneyIsWrittenInTheCurrencysUnits(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		amount   int64
		currency string
		want     string
	}{
		{1250, "eur", "12.50 EUR"},
		{5, "usd", "0.05 USD"},
		{0, "usd", "0.00 USD"},
		{-1250, "eur", "-12.50 EUR"},
		{500, "jpy", "500 JPY"},
		{1234, "kwd", "1.234 KWD"},
		{7, "tnd", "0.007 TND"},
	} {
		if got := money(tc.amount, tc.currency); got != tc.want {
			t.Errorf("%d %s is %q, want %q", tc.amount, tc.currency, got, tc.want)
		}
	}
}

func TestDifferenceTellsOldValues(t *testing.T) {
	t.Parallel()
	before := object{"a": int64(1), "gone": "x", "same": true, "deep": object{"k": "old", "same": "s"}, "list": []any{"1"}}
	after := object{"a": int64(2), "same": true, "new": "y", "deep": object{"k": "new", "same": "s"}, "list": []any{"1", "2"}}
	want := object{"a": int64(1), "gone": "x", "new": nil, "deep": object{"k": "old"}, "list": []any{"1"}}
	if diff := cmp.Diff(want, difference(before, after)); diff != "" {
		t.Error(diff)
	}
}

func TestBackoffGrowsAndStays(t *testing.T) {
	t.Parallel()
	var got []time.Duration
	for tries := range 7 {
		got = append(got, backoff(tries+1))
	}
	want := []time.Duration{time.Second, 2 * time.Second, 5 * time.Second, 15 * time.Second, time.Minute, 5 * time.Minute, 5 * time.Minute}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzForm(f *testing.F) {
	for _, seed := range []string{"items[0][price]=p&items[0][quantity]=2", "metadata[a]=1", "a[]=1&a[]=2", "trial_end=now", "items[9][x]=", "metadata[a[b]]=1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		box, err := New(Config{})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = box.Close() }()
		values := parse(body)
		tree, e := parseTree(values)
		if e != nil {
			return
		}
		if _, e := coerce(tree, reflect.TypeFor[stripe.SubscriptionParams](), ""); e != nil {
			return
		}
		if a := box.perform("POST", "/v1/subscriptions", values, "req"); a.status >= 500 || len(a.body) == 0 {
			t.Errorf("%q answered %d", body, a.status)
		}
	})
}

func parse(body string) url.Values {
	values, err := url.ParseQuery(body)
	if err != nil {
		return nil
	}
	return values
}
