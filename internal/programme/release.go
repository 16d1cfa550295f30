package programme

import (
	"time"

	"github.com/womens-tech-conservatory/conservatory/pkg/civil"
)

// stretch is a run of days, both ends included.
type stretch struct{ FromOn, ToOn time.Time }

// calendar turns the days of a cohort into instants. Days are civil dates,
// kept as midnight UTC; breaks are sorted by their first day.
type calendar struct {
	zone         *time.Location
	starts, ends time.Time
	breaks       []stretch
}

// opening is the first instant of the cohort.
func (c calendar) opening() time.Time { return civil.Instant(c.starts, 0, c.zone) }

// closing is the first instant after the cohort: its last day counts whole.
func (c calendar) closing() time.Time { return civil.Instant(c.ends.AddDate(0, 0, 1), 0, c.zone) }

// release is when an item opens that is due days after the start, at a minute
// of the day on the cohort's clock. Days of a break do not count, so that
// everything behind one moves; nothing moves past the last day. Without days it
// opens with the cohort and has no date of its own: the zero time.
func (c calendar) release(days *int64, minute int64) time.Time {
	if days == nil {
		return time.Time{}
	}
	day := c.starts.AddDate(0, 0, int(*days))
	free := c.starts // the first day not yet looked at
	for _, b := range c.breaks {
		from := later(b.FromOn, free)
		if from.After(day) {
			break
		}
		if b.ToOn.Before(from) {
			continue
		}
		free = b.ToOn.AddDate(0, 0, 1)
		day = day.Add(free.Sub(from))
	}
	if day.After(c.ends) {
		day = c.ends
	}
	return civil.Instant(day, time.Duration(minute)*time.Minute, c.zone)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
