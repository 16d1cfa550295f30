package programme

import (
	"time"

	"github.com/google/uuid"
)

// Code says why an item is locked.
type Code string

// The reasons.
const (
	NotReleased        Code = "not_released"
	Prerequisite       Code = "prerequisite"
	CohortNotStarted   Code = "cohort_not_started"
	CohortEnded        Code = "cohort_ended"
	Paused             Code = "paused"
	MembershipInactive Code = "membership_inactive"
)

// Reason is one thing an item waits for. At is when it goes away by itself,
// zero when nobody knows; Items are what to do first.
type Reason struct {
	Code  Code
	At    time.Time
	Items []uuid.UUID
}

// standing is everything about a member that decides for all items alike.
type standing struct {
	now         time.Time
	calendar    calendar
	cohortState string
	paused      bool
	member      bool // her membership gives full access now
}

// shared gives the reasons that lock every item.
func (s standing) shared() []Reason {
	var reasons []Reason
	opening := s.calendar.opening()
	if s.now.Before(opening) && (s.cohortState == "open" || s.cohortState == "closed") {
		reasons = append(reasons, Reason{Code: CohortNotStarted, At: opening})
	}
	if s.cohortState == "completed" || s.cohortState == "cancelled" || !s.now.Before(s.calendar.closing()) {
		reasons = append(reasons, Reason{Code: CohortEnded})
	}
	if s.paused {
		reasons = append(reasons, Reason{Code: Paused})
	}
	if !s.member {
		reasons = append(reasons, Reason{Code: MembershipInactive})
	}
	return reasons
}

// availability gives every reason why an item that is not met is locked, and
// when it opens: the latest of the reasons that time takes away, if there is no
// other. No reasons: it is open.
func (s standing) availability(release time.Time, unmet []uuid.UUID) ([]Reason, time.Time) {
	reasons := []Reason{}
	if s.now.Before(release) {
		reasons = append(reasons, Reason{Code: NotReleased, At: release})
	}
	if len(unmet) > 0 {
		reasons = append(reasons, Reason{Code: Prerequisite, Items: unmet})
	}
	reasons = append(reasons, s.shared()...)
	return reasons, opens(reasons)
}

func opens(reasons []Reason) time.Time {
	var at time.Time
	for _, r := range reasons {
		if r.At.IsZero() {
			return time.Time{}
		}
		at = later(at, r.At)
	}
	return at
}
