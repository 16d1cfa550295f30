package programme

import (
	"testing"
	"time"
	_ "time/tzdata"
)

func day(t testing.TB, s string) time.Time {
	t.Helper()
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// run is a cohort written as "first..last" and breaks likewise.
func run(t testing.TB, name, starts, ends string, breaks ...[2]string) calendar {
	t.Helper()
	c := calendar{zone: zone(t, name), starts: day(t, starts), ends: day(t, ends)}
	for _, b := range breaks {
		c.breaks = append(c.breaks, stretch{day(t, b[0]), day(t, b[1])})
	}
	return c
}

func TestRelease(t *testing.T) {
	t.Parallel()
	const (
		newYork = "America/New_York"
		berlin  = "Europe/Berlin"
		nine    = 9 * 60
	)
	winter := [2]string{"2026-12-21", "2027-01-03"}
	for _, c := range []struct {
		name   string
		cohort calendar
		days   int64
		minute int64
		want   string
	}{
		{"the first day, at nine where the cohort is", run(t, newYork, "2026-11-23", "2027-03-01"), 0, nine, "2026-11-23T14:00:00Z"},
		{"nine stays nine when New York leaves summer time", run(t, newYork, "2026-10-26", "2027-03-01"), 7, nine, "2026-11-02T14:00:00Z"},
		{"the week before, New York is an hour nearer", run(t, newYork, "2026-10-26", "2027-03-01"), 0, nine, "2026-10-26T13:00:00Z"},
		{"nine stays nine when New York enters summer time", run(t, newYork, "2026-03-02", "2026-09-01"), 6, nine, "2026-03-08T13:00:00Z"},
		{"half past two is skipped in New York in spring: it opens when the clock has jumped", run(t, newYork, "2026-03-08", "2026-09-01"), 0, 150, "2026-03-08T07:00:00Z"},
		{"half past one comes twice in New York in autumn: it opens the first time", run(t, newYork, "2026-11-01", "2027-03-01"), 0, 90, "2026-11-01T05:30:00Z"},
		{"half past two is skipped in Berlin in spring", run(t, berlin, "2026-03-29", "2026-09-01"), 0, 150, "2026-03-29T01:00:00Z"},
		{"half past two comes twice in Berlin in autumn", run(t, berlin, "2026-10-25", "2027-03-01"), 0, 150, "2026-10-25T00:30:00Z"},
		{"three o'clock after the autumn night in Berlin comes once", run(t, berlin, "2026-10-25", "2027-03-01"), 0, 180, "2026-10-25T02:00:00Z"},
		{"midnight that Cairo skips opens at one", run(t, "Africa/Cairo", "2026-04-24", "2026-09-01"), 0, 0, "2026-04-23T22:00:00Z"},
		{"midnight that Havana has twice opens the first time", run(t, "America/Havana", "2026-11-01", "2027-09-01"), 0, 0, "2026-11-01T04:00:00Z"},
		{"31 days after 31 January are 3 March", run(t, "UTC", "2026-01-31", "2026-09-01"), 31, nine, "2026-03-03T09:00:00Z"},
		{"28 days after 31 January are 28 February", run(t, "UTC", "2026-01-31", "2026-09-01"), 28, nine, "2026-02-28T09:00:00Z"},
		{"29 February is a day", run(t, "UTC", "2028-01-31", "2028-09-01"), 29, nine, "2028-02-29T09:00:00Z"},
		{"before the break nothing moves", run(t, "UTC", "2026-11-23", "2027-03-01", winter), 27, nine, "2026-12-20T09:00:00Z"},
		{"what falls on the first day of the break waits until after it", run(t, "UTC", "2026-11-23", "2027-03-01", winter), 28, nine, "2027-01-04T09:00:00Z"},
		{"what falls behind the break moves by all its days", run(t, "UTC", "2026-11-23", "2027-03-01", winter), 35, nine, "2027-01-11T09:00:00Z"},
		{"a break can push into the next break", run(t, "UTC", "2026-11-23", "2027-03-01", winter, [2]string{"2027-01-04", "2027-01-05"}), 28, nine, "2027-01-06T09:00:00Z"},
		{"breaks that overlap count once", run(t, "UTC", "2026-11-23", "2027-03-01", winter, [2]string{"2026-12-28", "2027-01-05"}), 28, nine, "2027-01-06T09:00:00Z"},
		{"a break inside another adds nothing", run(t, "UTC", "2026-11-23", "2027-03-01", winter, [2]string{"2026-12-24", "2026-12-26"}), 28, nine, "2027-01-04T09:00:00Z"},
		{"a break before the start adds nothing", run(t, "UTC", "2026-11-23", "2027-03-01", [2]string{"2026-11-01", "2026-11-10"}), 7, nine, "2026-11-30T09:00:00Z"},
		{"of a break over the start only the days inside count", run(t, "UTC", "2026-11-23", "2027-03-01", [2]string{"2026-11-20", "2026-11-24"}), 0, nine, "2026-11-25T09:00:00Z"},
		{"a break cannot push past the last day", run(t, "UTC", "2026-11-23", "2026-12-31", winter), 30, nine, "2026-12-31T09:00:00Z"},
		{"nor can the offset alone", run(t, "UTC", "2026-11-23", "2026-12-31"), 400, nine, "2026-12-31T09:00:00Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := c.cohort.release(&c.days, c.minute).Format(time.RFC3339); got != c.want {
				t.Errorf("released at %s, want %s", got, c.want)
			}
		})
	}
}

func TestReleaseWithoutDaysHasNoDateOfItsOwn(t *testing.T) {
	t.Parallel()
	if got := run(t, "UTC", "2026-11-23", "2026-12-31").release(nil, 540); !got.IsZero() {
		t.Errorf("released at %s, want with the cohort", got)
	}
}

func TestCohortDays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, zone, starts, ends, opening, closing string }{
		{"the last day counts whole", "UTC", "2026-11-23", "2026-12-31", "2026-11-23T00:00:00Z", "2027-01-01T00:00:00Z"},
		{"days are those of the cohort", "America/New_York", "2026-10-31", "2026-11-01", "2026-10-31T04:00:00Z", "2026-11-02T05:00:00Z"},
		{"the night of 23 hours", "Europe/Berlin", "2026-03-29", "2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cal := run(t, c.zone, c.starts, c.ends)
			if got := cal.opening().Format(time.RFC3339); got != c.opening {
				t.Errorf("opens %s, want %s", got, c.opening)
			}
			if got := cal.closing().Format(time.RFC3339); got != c.closing {
				t.Errorf("closes %s, want %s", got, c.closing)
			}
		})
	}
}
