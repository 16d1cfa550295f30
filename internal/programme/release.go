package programme

import "time"

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
func (c calendar) opening() time.Time { return wall(c.starts, 0, c.zone) }

// closing is the first instant after the cohort: its last day counts whole.
func (c calendar) closing() time.Time { return wall(c.ends.AddDate(0, 0, 1), 0, c.zone) }

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
	return wall(day, minute, c.zone)
}

// wall is the first instant at which a clock in zone shows that minute of that
// day, or has jumped over it.
func wall(day time.Time, minute int64, zone *time.Location) time.Time {
	want := day.Add(time.Duration(minute) * time.Minute)
	y, m, d := want.Date()
	t := time.Date(y, m, d, want.Hour(), want.Minute(), 0, 0, zone)
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

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
