package membership

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// on is a subscription as it is at t: during a break its owner reads, nothing
// is billed, and what it brings in stands beside the MRR.
func (s Subscription) on(t time.Time) Subscription {
	if s.BreakFrom != nil && within(t, *s.BreakFrom, s.BreakUntil) {
		s.CollectionPaused = true
	}
	return s
}

// Resting reports whether a break of it is planned or running at t.
func (s Subscription) Resting(t time.Time) bool {
	return s.BreakFrom != nil && before(t, s.BreakUntil) && (s.BreakUntil == nil || s.BreakFrom.Before(*s.BreakUntil))
}

// SetBreak notes from when until when a member's subscription rests, in place
// of what was noted before; nil for from takes it away. Who has planned it and
// what it does to her bills is not known here. Fault: fault.ErrNotFound.
func (m *Membership) SetBreak(ctx context.Context, userID, subscriptionID uuid.UUID, from, until *time.Time) error {
	return m.locked(ctx, userID, func(ctx context.Context) error {
		sub, err := m.store.subscriptionOf(ctx, userID, subscriptionID)
		if pg.Missing(err) {
			return fault.ErrNotFound
		}
		if err != nil {
			return err
		}
		now := m.clock.Now()
		if err := m.cross(ctx, sub, now); err != nil {
			return err
		}
		if err := m.store.setBreak(ctx, sub.ID, from, until); err != nil {
			return err
		}
		sub.BreakFrom, sub.BreakUntil = from, until
		if err := m.cross(ctx, sub, now); err != nil {
			return err
		}
		return m.enter(ctx, sub, breakSource, now)
	})
}

const breakSource = "break"

// cross enters into the ledger that a break has begun or is over, as of the
// moment at which it did. What was entered after that moment knew of it.
func (m *Membership) cross(ctx context.Context, sub Subscription, now time.Time) error {
	for _, t := range []*time.Time{sub.BreakFrom, sub.BreakUntil} {
		if t == nil || t.After(now) || sub.BreakFrom == nil {
			continue
		}
		recorded, last, err := m.store.sums(ctx, sub.ID)
		if err != nil {
			return err
		}
		if last == nil || !t.After(*last) {
			continue
		}
		if err := m.post(ctx, sub.on(*t), recorded, breakSource, *t); err != nil {
			return fmt.Errorf("enter a break: %w", err)
		}
	}
	return nil
}
