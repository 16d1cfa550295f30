package membership_test

import (
	"errors"
	"testing"
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/membership"
)

func TestMonthsThatAreDonated(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	user := r.user(t)
	months := func(n int) (membership.Grant, error) {
		return r.membership.GrantMonths(r.ctx, membership.Grant{UserID: user, Kind: membership.Gift, Reason: "a test"}, n)
	}
	s := running(user)
	r.record(t, s)
	if _, err := months(3); !errors.Is(err, membership.ErrPaysHerself) {
		t.Fatalf("she pays: %v", err)
	}
	s.CancelAtPeriodEnd = true
	r.record(t, s)
	first, err := months(3)
	if err != nil || !first.StartsAt.Equal(*s.CurrentPeriodEnd) || !first.EndsAt.Equal(noon.AddDate(0, 4, 0)) {
		t.Fatalf("they begin where her subscription ends: %+v, %v", first, err)
	}
	second, err := months(1)
	if err != nil || !second.StartsAt.Equal(*first.EndsAt) {
		t.Fatalf("and others behind them: %+v, %v", second, err)
	}
	s.Status, s.EndedAt = membership.Canceled, s.CurrentPeriodEnd
	r.clock.Set(s.CurrentPeriodEnd.Add(time.Second))
	r.record(t, s)
	if a := r.access(t, user); a.Level != membership.Full || a.Reason != membership.ByGrant {
		t.Errorf("without a gap: %+v", a)
	}
}

func TestMonthsOfTheCalendar(t *testing.T) {
	t.Parallel()
	day := func(s string) time.Time {
		d, err := time.Parse(time.DateOnly, s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for _, c := range []struct {
		from   string
		months int
		want   string
	}{
		{"2026-01-15", 1, "2026-02-15"},
		{"2026-01-31", 1, "2026-02-28"},
		{"2028-01-31", 1, "2028-02-29"},
		{"2026-10-31", 13, "2027-11-30"},
		{"2026-12-31", 2, "2027-02-28"},
		{"2026-03-31", 12, "2027-03-31"},
	} {
		if got := membership.AddMonths(day(c.from), c.months); !got.Equal(day(c.want)) {
			t.Errorf("%s and %d months: %s, want %s", c.from, c.months, got.Format(time.DateOnly), c.want)
		}
	}
}
