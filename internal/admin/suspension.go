package admin

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
)

// Closes is how much is closed to somebody.
type Closes string

// The degrees.
const (
	Community  Closes = "community" // she signs in and sees nothing of the others
	Everything Closes = "account"   // she cannot sign in
)

// Suspension is what keeps a member out.
type Suspension struct {
	ID          uuid.UUID
	Closes      Closes
	Reason      string    // for those who run the community
	Told        string    // what she is told
	SuspendedBy uuid.UUID // uuid.Nil: an operator
	StartsAt    time.Time
	EndsAt      *time.Time // nil: until it is lifted
}

// NewSuspension is what Suspend needs.
type NewSuspension struct {
	Closes       Closes
	Reason, Told string
	EndsAt       *time.Time
}

// Suspend keeps a member out, in place of whatever kept her out before, and
// tells her by mail. It ends by itself at its end. Her next request is
// refused, her streams end. For admins (the zero Actor is an operator);
// moderators hide and lock in their spaces instead. Faults: invalid values,
// ErrYourself, ErrHasRole, account.ErrLastAdmin, fault.ErrNotFound.
func (a *Admin) Suspend(ctx context.Context, by account.Actor, member uuid.UUID, n NewSuspension) (s Suspension, err error) {
	n.Reason, n.Told = strings.TrimSpace(n.Reason), strings.TrimSpace(n.Told)
	if err := maySuspend(by, member, n, a.clock.Now()); err != nil {
		return Suspension{}, err
	}
	err = a.db.InTx(ctx, func(ctx context.Context) error {
		if _, err := a.Account.StandingOf(ctx, member); err != nil {
			return err
		}
		if n.Closes == Everything {
			s, err = a.closeAccount(ctx, by, member, n)
		} else {
			s, err = a.closeCommunity(ctx, by, member, n)
		}
		if err != nil {
			return err
		}
		return a.queue.Enqueue(ctx, closedMail{ID: s.ID, UserID: member})
	})
	return s, err
}

func (a *Admin) closeAccount(ctx context.Context, by account.Actor, member uuid.UUID, n NewSuspension) (Suspension, error) {
	// The account first: its guard of the last admin comes before every other lock.
	s, err := a.Account.Suspend(ctx, by, member, account.NewSuspension{Reason: n.Reason, Told: n.Told, EndsAt: n.EndsAt})
	if err != nil {
		return Suspension{}, err
	}
	if _, err := a.Membership.LiftAll(ctx, member); err != nil {
		return Suspension{}, err
	}
	return ofAccount(s), nil
}

func (a *Admin) closeCommunity(ctx context.Context, by account.Actor, member uuid.UUID, n NewSuspension) (Suspension, error) {
	// It locks her first, as giving a role does: one of the two sees the other.
	if _, _, err := a.Account.Restore(ctx, by, member); err != nil {
		return Suspension{}, err
	}
	roles, err := a.Account.RolesOf(ctx, member)
	if err != nil {
		return Suspension{}, err
	}
	if len(roles) > 0 {
		return Suspension{}, ErrHasRole
	}
	if _, err := a.Membership.LiftAll(ctx, member); err != nil {
		return Suspension{}, err
	}
	ban := membership.Ban{UserID: member, Reason: n.Reason, Told: n.Told, EndsAt: n.EndsAt}
	if by.ID != uuid.Nil {
		ban.BannedBy = &by.ID
	}
	return a.ban(ctx, by, ban)
}

func (a *Admin) ban(ctx context.Context, by account.Actor, ban membership.Ban) (Suspension, error) {
	member := ban.UserID
	ban, err := a.Membership.Ban(ctx, ban)
	if err != nil {
		return Suspension{}, err
	}
	s := ofCommunity(ban)
	return s, a.record(ctx, by, "community.suspend", member, map[string]string{"suspension": s.ID.String(), "ends_at": text(s.EndsAt)})
}

// Restore lets a member in again and tells her by mail. For admins (the zero
// Actor is an operator). Faults: ErrYourself, fault.ErrNotFound when nothing
// keeps her out.
func (a *Admin) Restore(ctx context.Context, by account.Actor, member uuid.UUID) error {
	if by.ID == member {
		return ErrYourself
	}
	return a.db.InTx(ctx, func(ctx context.Context) error {
		if _, err := a.Account.StandingOf(ctx, member); err != nil {
			return err
		}
		_, was, err := a.Account.Restore(ctx, by, member)
		if err != nil {
			return err
		}
		bans, err := a.Membership.LiftAll(ctx, member)
		if err != nil {
			return err
		}
		for _, b := range bans {
			if err := a.record(ctx, by, "community.restore", member, map[string]string{"suspension": b.ID.String()}); err != nil {
				return err
			}
		}
		if !was && len(bans) == 0 {
			return fault.ErrNotFound
		}
		return a.queue.Enqueue(ctx, openMail{UserID: member, At: a.clock.Now()})
	})
}

// suspensionOf gives what keeps somebody out; nil when nothing does.
func (a *Admin) suspensionOf(ctx context.Context, s account.Standing) (*Suspension, error) {
	if s.Suspension != nil {
		closed := ofAccount(*s.Suspension)
		return &closed, nil
	}
	bans, err := a.Membership.Bans(ctx, s.ID)
	if err != nil || len(bans) == 0 {
		return nil, err
	}
	closed := ofCommunity(bans[0])
	return &closed, nil
}

func ofAccount(s account.Suspension) Suspension {
	return Suspension{
		ID: s.ID, Closes: Everything, Reason: s.Reason, Told: s.Told, SuspendedBy: s.SuspendedBy, StartsAt: s.StartsAt, EndsAt: s.EndsAt,
	}
}

func ofCommunity(b membership.Ban) Suspension {
	s := Suspension{ID: b.ID, Closes: Community, Reason: b.Reason, Told: b.Told, StartsAt: b.StartsAt.UTC(), EndsAt: b.EndsAt}
	if b.BannedBy != nil {
		s.SuspendedBy = *b.BannedBy
	}
	return s
}

func text(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
