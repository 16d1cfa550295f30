package billing

import (
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/membership"
)

func TestWhenAChangeBegins(t *testing.T) {
	t.Parallel()
	circle, studio := uuid.New(), uuid.New()
	of := func(plan uuid.UUID, every, yearly int64) rate { return rate{plan, every, big.NewRat(yearly, 1)} }
	month, year := of(circle, 30, 58800), of(circle, 365, 49000)
	for name, c := range map[string]struct {
		has, wants rate
		trialing   bool
		want       Effect
	}{
		"dearer, at once":  {month, of(studio, 30, 118800), false, EffectNow},
		"as dear, at once": {month, of(studio, 30, 58800), false, EffectNow},
		"cheaper, later":   {month, of(studio, 30, 12000), false, EffectPeriodEnd},
		"a year of the same plan, although cheaper, at once":    {month, year, false, EffectNow},
		"a year of a dearer plan, at once":                      {month, of(studio, 365, 99000), false, EffectNow},
		"a year of a cheaper plan, later":                       {month, of(studio, 365, 10000), false, EffectPeriodEnd},
		"from a year to a month, although dearer, later":        {year, month, false, EffectPeriodEnd},
		"from a year to a month of a much dearer plan, later":   {year, of(studio, 30, 118800), false, EffectPeriodEnd},
		"in a trial nothing waits, for nothing has been paid":   {year, of(studio, 30, 12000), true, EffectNow},
		"a quarter of the same plan instead of months, at once": {month, of(circle, 90, 50000), false, EffectNow},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := effectOf(c.has, c.wants, c.trialing); got != c.want {
				t.Errorf("%s", got)
			}
		})
	}
}

func TestWhatCannotBeChanged(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		s    membership.Snapshot
		want error
	}{
		{membership.Snapshot{Status: membership.Active}, nil},
		{membership.Snapshot{Status: membership.Trialing}, nil},
		{membership.Snapshot{Status: membership.PastDue}, ErrPaymentOpen},
		{membership.Snapshot{Status: membership.Unpaid}, ErrPaymentOpen},
		{membership.Snapshot{Status: membership.Incomplete}, ErrPaymentOpen},
		{membership.Snapshot{Status: membership.Paused}, ErrMembershipPaused},
		{membership.Snapshot{Status: membership.Active, CollectionPaused: true}, ErrMembershipPaused},
		{membership.Snapshot{Status: membership.Active, CancelAt: &at}, ErrMembershipEnding},
		{membership.Snapshot{Status: membership.Trialing, CancelAtPeriodEnd: true, CurrentPeriodEnd: &at}, ErrMembershipEnding},
		{membership.Snapshot{Status: membership.Canceled, EndedAt: &at}, ErrNoSubscription},
		{membership.Snapshot{Status: membership.IncompleteExpired}, ErrNoSubscription},
	} {
		if got := mayChange(c.s); !errors.Is(got, c.want) {
			t.Errorf("%s: %v, want %v", c.s.Status, got, c.want)
		}
	}
}

func TestOneIntervalLater(t *testing.T) {
	t.Parallel()
	day := func(s string) time.Time {
		at, err := time.Parse("2006-01-02", s)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	for _, c := range []struct {
		from, interval string
		count          int64
		want           string
	}{
		{"2027-01-31", "month", 1, "2027-02-28"},
		{"2028-01-31", "month", 1, "2028-02-29"},
		{"2028-02-29", "year", 1, "2029-02-28"},
		{"2027-11-30", "month", 3, "2028-02-29"},
		{"2027-12-31", "month", 1, "2028-01-31"},
		{"2027-03-01", "week", 2, "2027-03-15"},
		{"2027-03-01", "day", 3, "2027-03-04"},
	} {
		if got := after(day(c.from), c.interval, c.count); !got.Equal(day(c.want)) {
			t.Errorf("%s and %d %s is %s", c.from, c.count, c.interval, got)
		}
	}
}
