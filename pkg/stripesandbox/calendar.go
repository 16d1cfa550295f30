package stripesandbox

import "time"

// addMonths moves a time by calendar months; a day that the target month does not
// have becomes its last day.
func addMonths(t time.Time, months int) time.Time {
	first := time.Date(t.Year(), t.Month()+time.Month(months), 1, t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(t.Day(), last)-1)
}

// step returns the n-th boundary of a recurring price counted from its anchor.
func step(anchor time.Time, recurring object, n int) time.Time {
	n *= int(max(1, recurring.num("interval_count")))
	switch recurring.str("interval") {
	case "day":
		return anchor.AddDate(0, 0, n)
	case "week":
		return anchor.AddDate(0, 0, 7*n)
	case "year":
		return addMonths(anchor, 12*n)
	}
	return addMonths(anchor, n)
}

// periodAround returns the period that holds at, and how many whole periods lie
// between the anchor and its start. Boundaries are counted from the anchor, so
// that the 31st comes back after February.
func periodAround(anchor int64, recurring object, at int64) (start, end int64, index int) {
	from := time.Unix(anchor, 0).UTC()
	shortest := step(from, recurring, 1).Sub(from) * 31 / 28
	n := int(time.Unix(at, 0).Sub(from) / max(shortest, time.Hour))
	for step(from, recurring, n).Unix() > at {
		n--
	}
	for step(from, recurring, n+1).Unix() <= at {
		n++
	}
	return step(from, recurring, n).Unix(), step(from, recurring, n+1).Unix(), n
}
