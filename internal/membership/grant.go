package membership

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// Grant gives a member access that nobody pays for and returns it with its
// id. A zero StartsAt is now, no Level is full.
func (m *Membership) Grant(ctx context.Context, g Grant) (Grant, error) {
	g.ID, g.CreatedAt, g.RevokedAt = pg.NewID(), m.clock.Now(), nil
	if g.StartsAt.IsZero() {
		g.StartsAt = g.CreatedAt
	}
	if g.Level == "" {
		g.Level = Full
	}
	return g, m.locked(ctx, g.UserID, func(ctx context.Context) error { return m.store.insertGrant(ctx, g) })
}

// RevokeGrant ends a grant now, whoever keeps something with it is told in the
// same transaction. One that is over already stays as it is.
func (m *Membership) RevokeGrant(ctx context.Context, grantID uuid.UUID) error {
	return m.changeGrant(ctx, grantID, func(ctx context.Context, g Grant) error { return m.endGrant(ctx, g, Ended) })
}

// SetGrantEnd gives a running grant another end; nil is none. One that is over
// stays as it is.
func (m *Membership) SetGrantEnd(ctx context.Context, grantID uuid.UUID, end *time.Time) error {
	return m.changeGrant(ctx, grantID, func(ctx context.Context, g Grant) error {
		return m.store.setGrantEnd(ctx, g.ID, end, m.clock.Now())
	})
}

func (m *Membership) changeGrant(ctx context.Context, grantID uuid.UUID, change func(context.Context, Grant) error) error {
	g, found, err := m.store.grant(ctx, grantID)
	if err == nil && !found {
		err = fault.ErrNotFound
	}
	if err != nil {
		return err
	}
	return m.locked(ctx, g.UserID, func(ctx context.Context) error { return change(ctx, g) })
}

// Ban closes everything for a member and returns it with its id. A zero
// StartsAt is now. Her subscription goes on until it is canceled.
func (m *Membership) Ban(ctx context.Context, b Ban) (Ban, error) {
	b.ID, b.CreatedAt, b.LiftedAt = pg.NewID(), m.clock.Now(), nil
	if b.StartsAt.IsZero() {
		b.StartsAt = b.CreatedAt
	}
	return b, m.locked(ctx, b.UserID, func(ctx context.Context) error { return m.store.insertBan(ctx, b) })
}

// Lift ends a ban now. One that is lifted already stays as it is.
func (m *Membership) Lift(ctx context.Context, banID uuid.UUID) error {
	owner, err := m.store.banOwner(ctx, banID)
	if pg.Missing(err) {
		return fault.ErrNotFound
	}
	if err != nil {
		return err
	}
	return m.locked(ctx, owner, func(ctx context.Context) error { return m.store.liftBan(ctx, banID, m.clock.Now()) })
}

// LiftAll ends every ban of a member now and gives those that were open.
func (m *Membership) LiftAll(ctx context.Context, userID uuid.UUID) (was []Ban, err error) {
	err = m.locked(ctx, userID, func(ctx context.Context) error {
		now := m.clock.Now()
		if was, err = m.store.openBans(ctx, userID, now); err != nil {
			return err
		}
		for _, b := range was {
			if err := m.store.liftBan(ctx, b.ID, now); err != nil {
				return err
			}
		}
		return nil
	})
	return was, err
}

// Bans gives those of a member that are neither lifted nor over, the latest
// first.
func (m *Membership) Bans(ctx context.Context, userID uuid.UUID) ([]Ban, error) {
	return m.store.openBans(ctx, userID, m.clock.Now())
}
