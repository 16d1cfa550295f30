package cohort

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/pkg/civil"
)

// Run is the cohort itself.
type Run struct {
	ID                   uuid.UUID
	ProgrammeID          uuid.UUID
	VersionID            uuid.UUID
	Name                 string
	State                State
	TimeZone             string
	StartsOn             time.Time // a civil date
	EndsOn               time.Time // a civil date, the last day
	RegistrationOpensAt  *time.Time
	RegistrationClosesAt *time.Time
	Capacity             int64
	CreatedAt            time.Time
}

// TableName says where gorm finds it.
func (Run) TableName() string { return "cohorts" }

// Break is a stretch of days off, both ends included.
type Break struct {
	CohortID uuid.UUID
	FromOn   time.Time
	ToOn     time.Time
}

// TableName says where gorm finds it.
func (Break) TableName() string { return "cohort_breaks" }

// NewCohort is what Create needs. Dates are civil: only year, month and day
// of StartsOn and EndsOn count.
type NewCohort struct {
	ProgrammeID          uuid.UUID // uuid.Nil: that of the version
	VersionID            uuid.UUID
	Name                 string
	State                State // Draft when empty
	TimeZone             string
	StartsOn             time.Time
	EndsOn               time.Time
	RegistrationOpensAt  *time.Time
	RegistrationClosesAt *time.Time
	Capacity             int64
	Breaks               []Break // CohortID is filled in
}

// Create adds a cohort. For those who run the community; nothing member-facing
// calls it.
func (c *Cohort) Create(ctx context.Context, n NewCohort) (Run, error) {
	if _, err := time.LoadLocation(n.TimeZone); err != nil || n.TimeZone == "" {
		return Run{}, fmt.Errorf("create a cohort: time zone %q is not known", n.TimeZone)
	}
	if n.State == "" {
		n.State = Draft
	}
	run := Run{
		ID: pg.NewID(), ProgrammeID: n.ProgrammeID, VersionID: n.VersionID, Name: n.Name, State: n.State, TimeZone: n.TimeZone,
		StartsOn: civil.Day(n.StartsOn), EndsOn: civil.Day(n.EndsOn), RegistrationOpensAt: n.RegistrationOpensAt,
		RegistrationClosesAt: n.RegistrationClosesAt, Capacity: n.Capacity, CreatedAt: c.clock.Now(),
	}
	err := c.db.InTx(ctx, func(ctx context.Context) error {
		if run.ProgrammeID == uuid.Nil {
			var err error
			if run.ProgrammeID, err = c.programmeOf(ctx, run.VersionID); err != nil {
				return err
			}
		}
		for i := range n.Breaks {
			n.Breaks[i] = Break{CohortID: run.ID, FromOn: civil.Day(n.Breaks[i].FromOn), ToOn: civil.Day(n.Breaks[i].ToOn)}
		}
		return c.insertRun(ctx, run, n.Breaks)
	})
	return run, err
}

// AddCoach puts somebody into the team of a cohort; twice is once. She leads it
// as long as she is a coach (account.GrantRole, everywhere); one who is not,
// or is to lead this cohort alone, is given that role for the cohort instead.
// Her streams learn of it at once.
func (c *Cohort) AddCoach(ctx context.Context, id, userID uuid.UUID) error {
	return c.db.InTx(ctx, func(ctx context.Context) error {
		if err := c.insertCoach(ctx, id, userID); err != nil {
			return err
		}
		return c.outbox.Revoke(ctx, userID)
	})
}

// Leads reports whether somebody leads a cohort. One statement; none for
// uuid.Nil, which is no cohort.
func (c *Cohort) Leads(ctx context.Context, userID, id uuid.UUID) (bool, error) {
	if id == uuid.Nil {
		return false, nil
	}
	return c.leads(ctx, userID, id)
}

// RemoveCoach ends that; nothing happens when she does not lead it.
func (c *Cohort) RemoveCoach(ctx context.Context, id, userID uuid.UUID) error {
	return c.db.InTx(ctx, func(ctx context.Context) error {
		if err := c.deleteCoach(ctx, id, userID); err != nil {
			return err
		}
		return c.outbox.Revoke(ctx, userID)
	})
}

// SetState moves a cohort on. Completing it completes every live enrolment,
// cancelling it withdraws them, and the streams of all of them are told.
// actor is uuid.Nil for the system. Faults: fault.ErrNotFound, ErrState.
func (c *Cohort) SetState(ctx context.Context, actor, id uuid.UUID, to State) error {
	return c.db.InTx(ctx, func(ctx context.Context) error {
		run, err := c.lockAny(ctx, id)
		if err != nil {
			return err
		}
		if !mayGo(run.State, to) {
			return ErrState
		}
		if err := c.updateState(ctx, id, to); err != nil {
			return err
		}
		end, ends := fate[to]
		if !ends {
			return nil
		}
		moved, err := c.moveSeats(ctx, move{cohort: id, actor: actor, from: []Seat{Active, Paused}, to: end, at: c.clock.Now()})
		if err != nil {
			return err
		}
		return c.outbox.RevokeAll(ctx, moved)
	})
}
