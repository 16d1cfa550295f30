package report

import (
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/pkg/civil"
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
	today := civil.Day(r.clock.Now().In(zone))
	p := Period{From: civil.Day(q.From), To: civil.Day(q.To), TimeZone: q.TimeZone}
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
	p.Start, p.End = civil.Instant(p.From, 0, zone), civil.Instant(p.To.AddDate(0, 0, 1), 0, zone)
	return p, nil
}
