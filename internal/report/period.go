package report

import (
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
)

// Query says what to report on. From and To are civil dates, both included, of
// which only year, month and day are looked at.
type Query struct {
	From, To time.Time // zero: the first of this month, today
	Currency string    // empty: all, each for itself
	TimeZone string    // IANA; empty: UTC
}

// Period is a query with nothing left open.
type Period struct {
	From, To   time.Time // civil dates, midnight UTC
	TimeZone   string
	Start, End time.Time // the instants: [Start, End)
}

// Period decides what a query leaves open, as of now. Faults: fault.ErrInvalid
// at time_zone, from or to; a period is at most ten years long.
func (r *Report) Period(q Query) (Period, error) {
	if q.TimeZone == "" {
		q.TimeZone = "UTC"
	}
	zone, err := time.LoadLocation(q.TimeZone)
	if err != nil || q.TimeZone == "Local" {
		return Period{}, fault.InvalidField("#/query/time_zone", "time-zone-unknown", "Use a name of the IANA time zone database, such as Europe/Berlin.")
	}
	today := date(r.clock.Now().In(zone))
	p := Period{From: date(q.From), To: date(q.To), TimeZone: q.TimeZone}
	if q.From.IsZero() {
		p.From = today.AddDate(0, 0, 1-today.Day())
	}
	if q.To.IsZero() {
		p.To = today
	}
	switch {
	case p.From.After(p.To):
		return Period{}, fault.InvalidField("#/query/from", "period-backwards", "The first day cannot come after the last one.")
	case !p.From.AddDate(10, 0, 0).After(p.To):
		return Period{}, fault.InvalidField("#/query/to", "period-too-long", "A period is at most ten years long.")
	}
	p.Start, p.End = begin(p.From, zone), begin(p.To.AddDate(0, 0, 1), zone)
	return p, nil
}

// date is the civil date of t where t is.
func date(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// begin is the first instant of a day, which is not midnight where clocks jump
// over it, and the first of two midnights where they are turned back.
func begin(day time.Time, zone *time.Location) time.Time {
	y, m, d := day.Date()
	t := time.Date(y, m, d, 0, 0, 0, 0, zone)
	start, end := t.ZoneBounds()
	_, offset := t.Zone()
	switch shown := t.UTC().Add(time.Duration(offset) * time.Second); {
	case shown.Before(day):
		return end.UTC()
	case shown.After(day):
		return start.UTC()
	}
	if !start.IsZero() {
		_, before := start.Add(-1).Zone()
		if first := day.Add(-time.Duration(before) * time.Second); first.Before(start) {
			return first
		}
	}
	return t.UTC()
}
