package membership

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// ErrPaysHerself is that time somebody else has paid for would be lost beside what
// she pays.
var ErrPaysHerself = &fault.Error{
	Kind: fault.Conflict, Code: "pays-herself",
	Detail: "A subscription pays for this membership already, and goes on. Once its end is planned, this begins where it ends.",
}

// GrantMonths gives a member whole months that somebody has paid for. They begin
// now, or where what is paid for already ends: the planned end of her
// subscription, or other months of this kind. Fault: ErrPaysHerself.
func (m *Membership) GrantMonths(ctx context.Context, g Grant, months int) (Grant, error) {
	err := m.locked(ctx, g.UserID, func(ctx context.Context) error {
		from, err := m.free(ctx, g.UserID)
		if err != nil {
			return err
		}
		end := AddMonths(from, months)
		g.ID, g.CreatedAt, g.StartsAt, g.EndsAt, g.RevokedAt = pg.NewID(), m.clock.Now(), from, &end, nil
		if g.Level == "" {
			g.Level = Full
		}
		return m.store.insertGrant(ctx, g)
	})
	return g, err
}

// free is from when on months that are paid for would not double others. Her
// row is locked.
func (m *Membership) free(ctx context.Context, userID uuid.UUID) (time.Time, error) {
	all, err := m.store.holdings(ctx, userID)
	if err != nil {
		return time.Time{}, err
	}
	from := m.clock.Now()
	later := func(t *time.Time) {
		if t != nil && t.After(from) {
			from = *t
		}
	}
	for _, s := range all.subs {
		if s.goesOn() {
			return from, ErrPaysHerself
		}
		if l, _ := s.opens(); l == Full {
			later(s.EndsAt())
		}
	}
	for _, g := range all.grants {
		if g.Kind == Gift || g.Kind == Scholarship {
			later(g.EndsAt)
		}
	}
	return from, nil
}

// goesOn reports whether a subscription brings money, or will after a trial or a
// pause, with no end in sight.
func (s Subscription) goesOn() bool {
	switch s.Status {
	case Trialing, Active, PastDue:
		return s.EndsAt() == nil
	}
	return false
}

// AddMonths moves a moment by calendar months; the day is the last of the month
// where it would not exist.
func AddMonths(t time.Time, months int) time.Time {
	moved := t.AddDate(0, months, 0)
	if moved.Day() != t.Day() {
		moved = moved.AddDate(0, 0, -moved.Day())
	}
	return moved
}

// GrantSeat gives a member something to which others have no right meanwhile, and
// which would be lost beside what she pays herself. Fault: ErrPaysHerself.
func (m *Membership) GrantSeat(ctx context.Context, g Grant) (Grant, error) {
	err := m.locked(ctx, g.UserID, func(ctx context.Context) error {
		if _, err := m.free(ctx, g.UserID); err != nil {
			return err
		}
		now := m.clock.Now()
		g.ID, g.CreatedAt, g.StartsAt, g.RevokedAt = pg.NewID(), now, now, nil
		return m.store.insertGrant(ctx, g)
	})
	return g, err
}
