package pause

import (
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
)

// The bounds of a pause.
const (
	perYear  = 2
	farthest = 90 * 24 * time.Hour  // until it begins
	shortest = 7 * 24 * time.Hour   // counted in days of the calendar
	longest  = 183 * 24 * time.Hour // six months
	notice   = 7 * 24 * time.Hour   // before she is back, a letter says so
)

// span turns the days of a wish into moments: the beginning of each day where
// she lives, or now for today. Whole seconds, as Stripe counts.
func span(w Wish, zone *time.Location, now time.Time) (from, until time.Time, err error) {
	day := func(t time.Time) time.Time { // a day as such, to count with
		y, m, d := t.Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
	today := day(now.In(zone))
	first, last := day(w.From), day(w.Until)
	if w.From.IsZero() {
		first = today
	}
	switch {
	case first.Before(today):
		return from, until, ErrDays.At(fault.Field{Pointer: "/from", Code: "past", Detail: "this day is over"})
	case first.Sub(today) > farthest:
		return from, until, ErrDays.At(fault.Field{Pointer: "/from", Code: "far", Detail: "must be within the next 90 days"})
	case last.Sub(first) < shortest:
		return from, until, ErrDays.At(fault.Field{Pointer: "/until", Code: "short", Detail: "must be a week after it begins, or more"})
	case last.Sub(first) > longest:
		return from, until, ErrDays.At(fault.Field{Pointer: "/until", Code: "long", Detail: "must be within 183 days after it begins"})
	}
	begins := func(d time.Time) time.Time { return time.Date(d.Year(), d.Month(), d.Day(), 0, 0, 0, 0, zone).UTC() }
	from = begins(first)
	if first.Equal(today) {
		from = now.UTC().Truncate(time.Second)
	}
	return from, begins(last), nil
}

// aim says to when the next bill is to be moved, and from when: by what the
// pause is long. Until Stripe has done it once, the pause stands on the bill
// as it is at Stripe; afterwards on the one that was there before.
func (r row) aim(bill time.Time, moved bool) (base, bills time.Time) {
	base = bill
	done := r.MovedAt != nil || (moved && r.BillsAt != nil && bill.Equal(*r.BillsAt))
	if done && r.BaseAt != nil {
		base = *r.BaseAt
	}
	return base, base.Add(r.UntilAt.Sub(r.FromAt))
}
