package civil_test

import (
	"testing"
	"time"
	_ "time/tzdata"

	"pgregory.net/rapid"

	"github.com/womens-tech-conservatory/conservatory/pkg/civil"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestInstant(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, zone, shown, want string }{
		{"an ordinary morning", "America/New_York", "2026-11-23 09:00", "2026-11-23T14:00:00Z"},
		{"the same in summer is an hour nearer", "America/New_York", "2026-07-23 09:00", "2026-07-23T13:00:00Z"},
		{"what is skipped in spring is when the clock has jumped", "America/New_York", "2026-03-08 02:30", "2026-03-08T07:00:00Z"},
		{"what comes twice in autumn is the first time", "Europe/Berlin", "2026-10-25 02:30", "2026-10-25T00:30:00Z"},
		{"what comes after it comes once", "Europe/Berlin", "2026-10-25 03:00", "2026-10-25T02:00:00Z"},
		{"a midnight that is skipped", "Africa/Cairo", "2026-04-24 00:00", "2026-04-23T22:00:00Z"},
		{"the first of two midnights", "America/Havana", "2026-11-01 00:00", "2026-11-01T04:00:00Z"},
		{"a day that never was begins where the next one does", "Pacific/Apia", "2011-12-30 00:00", "2011-12-30T10:00:00Z"},
		{"a jump of half an hour", "Australia/Lord_Howe", "2026-10-04 02:15", "2026-10-03T15:30:00Z"},
		{"a zone without changes", "UTC", "2026-02-28 23:59", "2026-02-28T23:59:00Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			shown, err := time.Parse("2006-01-02 15:04", c.shown)
			if err != nil {
				t.Fatal(err)
			}
			day := civil.Day(shown)
			if got := civil.Instant(day, shown.Sub(day), zone(t, c.zone)).Format(time.RFC3339); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func TestInstantIsTheFirstThatShowsItOrLater(t *testing.T) {
	t.Parallel()
	zones := []*time.Location{
		time.UTC, zone(t, "America/New_York"), zone(t, "Europe/Berlin"), zone(t, "Africa/Cairo"), zone(t, "America/Havana"),
		zone(t, "Australia/Lord_Howe"), zone(t, "Pacific/Apia"),
	}
	shows := func(at time.Time, z *time.Location) time.Time {
		_, offset := at.In(z).Zone()
		return at.Add(time.Duration(offset) * time.Second)
	}
	rapid.Check(t, func(t *rapid.T) {
		z := rapid.SampledFrom(zones).Draw(t, "zone")
		day := time.Date(2005, 1, rapid.IntRange(1, 12_000).Draw(t, "day"), 0, 0, 0, 0, time.UTC)
		face := time.Duration(rapid.IntRange(0, 1439).Draw(t, "minute")) * time.Minute
		got := civil.Instant(day, face, z)
		if shows(got, z).Before(day.Add(face)) {
			t.Fatalf("at %s the clock does not show %s yet", got, face)
		}
		for step := time.Minute; step <= 26*time.Hour; step += time.Minute {
			if !shows(got.Add(-step), z).Before(day.Add(face)) {
				t.Fatalf("%s earlier than %s the clock has shown it already", step, got)
			}
		}
	})
}

func TestDayIsTheOneThatIsShown(t *testing.T) {
	t.Parallel()
	evening := time.Date(2026, 11, 30, 20, 0, 0, 0, time.UTC)
	if got := civil.Day(evening.In(zone(t, "Asia/Tokyo"))).Format(time.RFC3339); got != "2026-12-01T00:00:00Z" {
		t.Errorf("in Tokyo it is %s", got)
	}
}
