// Package civil is about days as people name them and the instants they mean.
// A day is kept as its midnight in UTC, whatever zone it is later read in.
package civil

import "time"

// Day is the day that t shows where t is.
func Day(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// Instant is the first moment, in UTC, at which a clock in zone shows day and
// the time that has passed on its face since midnight, or has jumped over it.
func Instant(day time.Time, face time.Duration, zone *time.Location) time.Time {
	want := Day(day).Add(face)
	y, m, d := want.Date()
	t := time.Date(y, m, d, want.Hour(), want.Minute(), want.Second(), want.Nanosecond(), zone)
	start, end := t.ZoneBounds()
	switch shown := asShown(t); {
	case shown.Before(want):
		return end.UTC()
	case shown.After(want):
		return start.UTC()
	}
	if !start.IsZero() {
		_, before := start.Add(-1).Zone()
		if first := want.Add(-time.Duration(before) * time.Second); first.Before(start) {
			return first // the clock shows it twice
		}
	}
	return t.UTC()
}

// asShown is the reading of the clock, as if it were UTC.
func asShown(t time.Time) time.Time {
	_, offset := t.Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}
