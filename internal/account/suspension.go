package account

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// Suspension closes an account: nobody signs in to it, in any way, and what
// was signed in is out. To everybody outside it looks like an account that
// never was.
type Suspension struct {
	ID          uuid.UUID
	UserID      uuid.UUID
	Reason      string    // for those who run the community
	Told        string    // what she is told
	SuspendedBy uuid.UUID // uuid.Nil: an operator
	StartsAt    time.Time
	EndsAt      *time.Time // nil: until it is lifted
}

// NewSuspension is what Suspend needs.
type NewSuspension struct {
	Reason, Told string
	EndsAt       *time.Time
}

// Suspend closes an account at once: its next request is refused, its sessions
// and streams end, letters to it are withheld. One that is closed already
// stays so, for the new reason and until the new end. It ends by itself at its
// end, within a minute. Who may, and what she is told, is up to the caller.
// Faults: an end in the past, fault.ErrNotFound, ErrLastAdmin.
func (a *Account) Suspend(ctx context.Context, actor Actor, userID uuid.UUID, n NewSuspension) (Suspension, error) {
	now := a.clock.Now()
	if n.EndsAt != nil && !n.EndsAt.After(now) {
		return Suspension{}, errPast
	}
	s := Suspension{ID: pg.NewID(), UserID: userID, Reason: n.Reason, Told: n.Told, SuspendedBy: actor.ID, StartsAt: now, EndsAt: n.EndsAt}
	err := a.db.InTx(ctx, func(ctx context.Context) error {
		if err := a.SpareLastAdmin(ctx, userID); err != nil {
			return err
		}
		before, err := a.setState(ctx, userID, "active", "suspended", now)
		if err != nil {
			return err
		}
		if _, _, err := a.liftSuspension(ctx, userID, now); err != nil {
			return err
		}
		if err := a.insertSuspension(ctx, s); err != nil {
			return err
		}
		detail := map[string]string{"suspension": s.ID.String(), "ends_at": endText(s.EndsAt)}
		changed(detail, "state", before, "suspended")
		if err := a.audit(ctx, actor.ID, "account.suspend", userID, detail); err != nil {
			return err
		}
		return a.EndSessions(ctx, userID, uuid.Nil, EndedBySuspension)
	})
	return s, err
}

// Restore opens a suspended account again; false when it was not closed. Her
// sessions stay over: she signs in anew. Fault: fault.ErrNotFound.
func (a *Account) Restore(ctx context.Context, actor Actor, userID uuid.UUID) (was Suspension, restored bool, err error) {
	err = a.db.InTx(ctx, func(ctx context.Context) error {
		now := a.clock.Now()
		before, err := a.setState(ctx, userID, "suspended", "active", now)
		if err != nil || before != "suspended" {
			return err
		}
		if was, restored, err = a.liftSuspension(ctx, userID, now); err != nil {
			return err
		}
		detail := map[string]string{}
		changed(detail, "state", before, "active")
		return a.audit(ctx, actor.ID, "account.restore", userID, detail)
	})
	return was, restored, err
}

// restoreDue opens the accounts whose suspension has ended.
func (a *Account) restoreDue(ctx context.Context) error {
	ids, err := a.dueSuspensions(ctx, a.clock.Now())
	if err != nil {
		return err
	}
	for _, id := range ids {
		if _, _, err := a.Restore(ctx, Actor{}, id); err != nil && fault.From(err) == nil {
			return err
		}
	}
	return nil
}

// Withheld reports whether letters to an address are not to be sent, because
// its account is suspended. An address nobody has gets them.
func (a *Account) Withheld(ctx context.Context, address string) (bool, error) {
	key, err := emailKey(address)
	if err != nil {
		return false, nil //nolint:nilerr // nobody's
	}
	return a.suspendedAddress(ctx, key)
}

// Standing is an account as those who run the community see it: nothing she
// keeps for herself.
type Standing struct {
	ID          uuid.UUID
	DisplayName string
	Email       string
	Verified    bool
	State       string // active or suspended
	Factors     []string
	CreatedAt   time.Time
	Sessions    int // that are open
	Suspension  *Suspension
}

// StandingOf gives how an account stands. One statement. Fault:
// fault.ErrNotFound.
func (a *Account) StandingOf(ctx context.Context, userID uuid.UUID) (Standing, error) {
	s, ok, err := a.standing(ctx, userID, a.clock.Now())
	if err == nil && !ok {
		err = fault.ErrNotFound
	}
	return s, err
}

var errPast = fault.InvalidField("/ends_at", "past", "The end lies in the past.")
