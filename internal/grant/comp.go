package grant

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
)

// Comp is time without payment, as an administrator gives it.
type Comp struct {
	Level  membership.Level
	EndsAt time.Time // zero: until somebody ends it
	Reason string
}

// Given lists everything a member was ever given, by whomever, the latest
// first. For admins (the edge has asked). Fault: fault.ErrNotFound.
func (g *Grant) Given(ctx context.Context, member uuid.UUID) ([]membership.Grant, error) {
	if _, err := g.account.StandingOf(ctx, member); err != nil {
		return nil, err
	}
	return g.membership.Grants(ctx, member)
}

// Give gives a member time without payment, at once, and tells her by mail. It
// is recorded. For admins (the zero Actor is an operator). Faults: invalid
// values, fault.ErrNotFound.
func (g *Grant) Give(ctx context.Context, by account.Actor, member uuid.UUID, c Comp) (given membership.Grant, err error) {
	if err := mayEnd(c.EndsAt, g.clock.Now()); err != nil {
		return given, err
	}
	if c.Reason = strings.TrimSpace(c.Reason); c.Reason == "" {
		return given, fault.InvalidField("/reason", "required", "Say why, for those who come after you.")
	}
	err = g.db.InTx(ctx, func(ctx context.Context) error {
		if _, err := g.account.StandingOf(ctx, member); err != nil {
			return err
		}
		given, err = g.membership.Grant(ctx, membership.Grant{
			UserID: member, Kind: membership.Comp, Level: c.Level, EndsAt: orNone(c.EndsAt), Reason: c.Reason, GrantedBy: maker(by),
		})
		if err != nil {
			return err
		}
		return g.told(ctx, by, "grant.give", given, givenMail{GrantID: given.ID})
	})
	return given, err
}

// Extend gives a comp another end, earlier or later; the zero time is none. She
// is told by mail. It is recorded. For admins. Faults: invalid values,
// fault.ErrNotFound (also when it is somebody else's), ErrNotGiven, ErrOver.
func (g *Grant) Extend(ctx context.Context, by account.Actor, member, id uuid.UUID, end time.Time) (given membership.Grant, err error) {
	if err := mayEnd(end, g.clock.Now()); err != nil {
		return given, err
	}
	err = g.db.InTx(ctx, func(ctx context.Context) error {
		if given, err = g.of(ctx, member, id); err != nil {
			return err
		}
		if given.Kind != membership.Comp {
			return ErrNotGiven
		}
		if err := g.membership.SetGrantEnd(ctx, id, orNone(end)); err != nil {
			return err
		}
		if given, err = g.of(ctx, member, id); err != nil { // it may have ended meanwhile
			return err
		}
		return g.told(ctx, by, "grant.extend", given, givenMail{GrantID: id, EndsAt: given.EndsAt})
	})
	return given, err
}

// End ends whatever a member has without payment, at once, and tells her by
// mail; what is left of a scholarship goes back to its fund, a seat to its
// sponsor. It is recorded. For admins. Faults: fault.ErrNotFound (also when it
// is somebody else's), ErrOver.
func (g *Grant) End(ctx context.Context, by account.Actor, member, id uuid.UUID) error {
	return g.db.InTx(ctx, func(ctx context.Context) error {
		given, err := g.of(ctx, member, id)
		if err != nil {
			return err
		}
		if err := g.membership.RevokeGrant(ctx, id); err != nil {
			return err
		}
		return g.told(ctx, by, "grant.end", given, overMail{GrantID: id})
	})
}

// of gives what is running of a member.
func (g *Grant) of(ctx context.Context, member, id uuid.UUID) (membership.Grant, error) {
	given, found, err := g.membership.GrantByID(ctx, id)
	switch {
	case err != nil:
		return given, err
	case !found || given.UserID != member:
		return given, fault.ErrNotFound
	case given.RevokedAt != nil || given.EndsAt != nil && !given.EndsAt.After(g.clock.Now()):
		return given, ErrOver
	}
	return given, nil
}

func mayEnd(end, now time.Time) error {
	if end.IsZero() || end.After(now) {
		return nil
	}
	return fault.InvalidField("/ends_at", "past", "The end is in the past.")
}

func orNone(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
