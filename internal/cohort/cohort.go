// Package cohort is the dated run of a programme: when one may join, how many
// seats there are, who has one, and who leads it.
//
// Decisions: a seat is an enrolment row, counted while the cohort row is
// locked, never a counter; a state changes by command, dates only bound the
// registration; an enrolment never vanishes, leaving and coming back makes a
// new attempt; whoever gains or loses a cohort has her live streams told in
// the same transaction.
package cohort

import (
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/outbox"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// The faults of this domain.
var (
	// ErrClosed: not open, or outside the registration window.
	ErrClosed = &fault.Error{Kind: fault.Conflict, Code: "cohort-closed", Detail: "This cohort does not take registrations now. See GET /v1/cohorts for one that does."}
	// ErrFull: no seat is left.
	ErrFull = &fault.Error{Kind: fault.Conflict, Code: "cohort-full", Detail: "Every seat in this cohort is taken."}
	// ErrOther: she has a seat in another cohort of the same programme.
	ErrOther = &fault.Error{Kind: fault.Conflict, Code: "cohort-other", Detail: "You are in another cohort of this programme. Leave it first, or finish it."}
	// ErrState: the cohort cannot go from its state to that one.
	ErrState = &fault.Error{Kind: fault.Conflict, Code: "cohort-state", Detail: "A cohort cannot go there from where it is."}
)

// Cohort offers cohorts and their seats.
type Cohort struct {
	db     *pg.DB
	clock  clock.Clock
	outbox *outbox.Outbox
}

// New gives the cohorts of a database.
func New(db *pg.DB, c clock.Clock, o *outbox.Outbox) *Cohort { return &Cohort{db, c, o} }
