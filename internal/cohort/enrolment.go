package cohort

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// Enrolment is a seat in a cohort.
type Enrolment struct {
	ID         uuid.UUID
	CohortID   uuid.UUID
	UserID     uuid.UUID
	Attempt    int64
	State      Seat
	EnrolledAt time.Time
	EndedAt    *time.Time
}

// Enrol gives her a seat, or the one she has with fresh = false. She needs
// full access. Her streams learn of the new space at once. Faults:
// fault.ErrNotFound, fault.ErrMembershipRequired, ErrClosed, ErrOther, ErrFull.
func (c *Cohort) Enrol(ctx context.Context, who account.Actor, id uuid.UUID) (seat Enrolment, fresh bool, err error) {
	err = c.db.InTx(ctx, func(ctx context.Context) error {
		seat, fresh, err = c.enrol(ctx, who.ID, id)
		return err
	})
	return seat, fresh, err
}

func (c *Cohort) enrol(ctx context.Context, userID, id uuid.UUID) (Enrolment, bool, error) {
	now := c.clock.Now()
	// Her row first, then the cohort's: two enrolments of one person take turns, whichever cohorts they are for.
	member, err := c.lockPerson(ctx, userID, now)
	if err != nil {
		return Enrolment{}, false, err
	}
	run, err := c.lock(ctx, id)
	if err != nil {
		return Enrolment{}, false, err
	}
	if !member {
		return Enrolment{}, false, fault.ErrMembershipRequired
	}
	has, err := c.seats(ctx, run, userID)
	if err != nil {
		return Enrolment{}, false, err
	}
	if has.mine.ID != uuid.Nil {
		return has.mine, false, nil
	}
	no := mayEnrol(asking{
		state: run.State, opens: run.RegistrationOpensAt, closes: run.RegistrationClosesAt,
		member: member, elsewhere: has.elsewhere, taken: has.taken, seats: run.Capacity,
	}, now)
	if no != nil {
		return Enrolment{}, false, no
	}
	seat := Enrolment{ID: pg.NewID(), CohortID: id, UserID: userID, Attempt: has.attempts + 1, State: Active, EnrolledAt: now}
	if err := c.insertSeat(ctx, seat); err != nil {
		return Enrolment{}, false, err
	}
	return seat, true, c.outbox.Revoke(ctx, userID)
}

// Withdraw ends her seat; actor is who does it, uuid.Nil for the system. What
// she did stays, her streams of the cohort end within a second. Fault:
// fault.ErrNotFound when she has no live seat.
func (c *Cohort) Withdraw(ctx context.Context, actor, userID, id uuid.UUID) error {
	return c.moveOne(ctx, actor, userID, id, []Seat{Active, Paused}, Withdrawn)
}

// Leave ends every live seat of somebody who leaves us, as Withdraw does for
// one. Without a seat nothing happens.
func (c *Cohort) Leave(ctx context.Context, userID uuid.UUID) error {
	return c.db.InTx(ctx, func(ctx context.Context) error {
		// In the order of the cohorts: two who leave cannot wait for each other.
		cohorts, err := c.seatsOf(ctx, userID)
		if err != nil {
			return err
		}
		for _, id := range cohorts {
			if err := c.Withdraw(ctx, uuid.Nil, userID, id); err != nil && !errors.Is(err, fault.ErrNotFound) {
				return err
			}
		}
		return nil
	})
}

// Pause keeps her seat while she is away: she reads, and does not write. Fault:
// fault.ErrNotFound when she has no active seat.
func (c *Cohort) Pause(ctx context.Context, actor, userID, id uuid.UUID) error {
	return c.moveOne(ctx, actor, userID, id, []Seat{Active}, Paused)
}

// Resume ends a pause. Fault: fault.ErrNotFound when there is none.
func (c *Cohort) Resume(ctx context.Context, actor, userID, id uuid.UUID) error {
	return c.moveOne(ctx, actor, userID, id, []Seat{Paused}, Active)
}

func (c *Cohort) moveOne(ctx context.Context, actor, userID, id uuid.UUID, from []Seat, to Seat) error {
	return c.db.InTx(ctx, func(ctx context.Context) error {
		if _, err := c.lock(ctx, id); err != nil {
			return err
		}
		moved, err := c.moveSeats(ctx, move{cohort: id, user: userID, actor: actor, from: from, to: to, at: c.clock.Now()})
		switch {
		case err != nil:
			return err
		case len(moved) == 0:
			return fault.ErrNotFound
		}
		return c.outbox.RevokeAll(ctx, moved)
	})
}
