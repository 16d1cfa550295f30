package pause

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// Settle makes Stripe's bill agree with a pause that has begun, and lets the
// pause be over when its time is. It may be repeated and may run twice at
// once; what cannot be done now is done by the next look.
func (p *Pause) Settle(ctx context.Context, id uuid.UUID) error {
	r, err := p.store.byID(ctx, id)
	if pg.Missing(err) {
		return nil
	}
	now := p.clock.Now()
	if err != nil || r.closed() || r.FromAt.After(now) {
		return err
	}
	if r.Dirty {
		return p.move(ctx, r, now)
	}
	if r.UntilAt.After(now) {
		return nil
	}
	return p.db.InTx(ctx, func(ctx context.Context) error { return p.over(ctx, r, now) })
}

// move has the bill moved to where the pause puts it.
func (p *Pause) move(ctx context.Context, r row, now time.Time) error {
	bill, err := p.cfg.Billing.NextBill(ctx, r.UserID, r.SubscriptionID)
	if cannot(err) {
		return p.db.InTx(ctx, func(ctx context.Context) error { return p.give(ctx, r, now) })
	}
	if err != nil {
		return fmt.Errorf("ask for the next bill: %w", err)
	}
	base, bills := r.aim(bill.At, bill.Moved)
	asks := r.Asks
	if r.BillsAt == nil || !r.BillsAt.Equal(bills) {
		asks++
	}
	first, err := p.store.aimed(ctx, r, base, bills, asks, now)
	if err != nil || !first {
		return err // somebody else is at it
	}
	key := fmt.Sprintf("%s %d", r.ID, asks)
	return p.cfg.Billing.Postpone(ctx, r.UserID, r.SubscriptionID, bills, key, func(ctx context.Context) error {
		return p.moved(ctx, r, bills)
	})
}

// moved notes what Stripe has done. A pause that was shortened meanwhile is
// looked at again.
func (p *Pause) moved(ctx context.Context, r row, bills time.Time) error {
	now := p.clock.Now()
	first, err := p.store.moved(ctx, r, bills, now)
	if err != nil {
		return err
	}
	if first && r.UntilAt.After(now) {
		if err := p.queue.Enqueue(ctx, letter{PauseID: r.ID, Kept: pausedLetter}); err != nil {
			return err
		}
	}
	if r.UntilAt.After(now) {
		return nil
	}
	return p.over(ctx, r, now)
}

// over lets a pause be over. She is back since then; now the ledger says so.
func (p *Pause) over(ctx context.Context, r row, now time.Time) error {
	if err := p.cfg.Membership.Recompute(ctx, r.UserID); err != nil {
		return err
	}
	return p.store.finish(ctx, r.ID, now)
}

// give gives up a pause whose bill cannot be moved, or moved back, any more.
func (p *Pause) give(ctx context.Context, r row, now time.Time) error {
	if r.MovedAt == nil {
		return p.undo(ctx, r, void, now)
	}
	if r.UntilAt.After(now) {
		return p.store.leave(ctx, r.ID, now)
	}
	return p.over(ctx, r, now)
}

// cannot reports whether a subscription is in no state to have its bill moved.
func cannot(err error) bool {
	for _, why := range []error{
		billing.ErrNoSubscription, billing.ErrPaymentOpen, billing.ErrTrialRuns, billing.ErrMembershipPaused, billing.ErrChangePlanned,
		billing.ErrSubscriptionUnclear, fault.ErrNotFound,
	} {
		if errors.Is(err, why) {
			return true
		}
	}
	return false
}

// Watch settles what is due and has letters written before somebody is back.
func (p *Pause) Watch(ctx context.Context) error {
	now := p.clock.Now()
	due, err := p.store.due(ctx, now, atOnce)
	if err != nil {
		return err
	}
	var failed []error
	for _, id := range due {
		if err := p.Settle(ctx, id); err != nil {
			failed = append(failed, fmt.Errorf("settle pause %s: %w", id, err))
		}
	}
	return errors.Join(append(failed, p.remind(ctx, now))...)
}

// atOnce bounds one look; those who are left come with the next.
const atOnce = 500

func (p *Pause) remind(ctx context.Context, now time.Time) error {
	return p.db.InTx(ctx, func(ctx context.Context) error {
		soon, err := p.store.returning(ctx, now, notice, atOnce)
		if err != nil {
			return err
		}
		for _, id := range soon {
			if err := p.queue.Enqueue(ctx, letter{PauseID: id, Kept: returningLetter}); err != nil {
				return err
			}
		}
		return nil
	})
}
