package cohort

import (
	"slices"
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
)

// State is where a cohort stands in its life.
type State string

// The states of a cohort.
const (
	Draft     State = "draft"
	Open      State = "open"
	Closed    State = "closed"
	Running   State = "running"
	Completed State = "completed"
	Cancelled State = "cancelled"
)

// Seat is where an enrolment stands.
type Seat string

// The states of an enrolment.
const (
	Active    Seat = "active"
	Paused    Seat = "paused"
	Finished  Seat = "completed"
	Withdrawn Seat = "withdrawn"
)

// life is where each state may go. A state without a line is an end.
var life = map[State][]State{ //nolint:gochecknoglobals // a constant table
	Draft:   {Open, Cancelled},
	Open:    {Closed, Running, Cancelled},
	Closed:  {Open, Running, Cancelled},
	Running: {Completed, Cancelled},
}

// fate is what becomes of live enrolments when a cohort gets there.
var fate = map[State]Seat{ //nolint:gochecknoglobals // a constant table
	Completed: Finished,
	Cancelled: Withdrawn,
}

func mayGo(from, to State) bool { return slices.Contains(life[from], to) }

// asking is what decides whether somebody may have a seat.
type asking struct {
	state         State
	opens, closes *time.Time
	member        bool // her access is full
	elsewhere     bool // she is live in another cohort of the programme
	taken, seats  int64
}

// mayEnrol says why not; nil when she may.
func mayEnrol(a asking, now time.Time) *fault.Error {
	switch {
	case !a.member:
		return fault.ErrMembershipRequired
	case a.state != Open, a.opens != nil && now.Before(*a.opens), a.closes != nil && !now.Before(*a.closes):
		return ErrClosed
	case a.elsewhere:
		return ErrOther
	case a.taken >= a.seats:
		return ErrFull
	}
	return nil
}
