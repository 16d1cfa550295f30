package billing

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
)

// applyPurchase takes over what an event about the session of a purchase hints
// at. The purchase must be ours, and hers whom the event names.
func (b *Billing) applyPurchase(ctx context.Context, e event) error {
	row, found, err := b.store.purchase(ctx, e.Claim.PurchaseID, e.Claim.UserID)
	if err != nil {
		return err
	}
	if !found {
		return fmt.Errorf("%w, and the purchase it claims is not ours", errUnbound)
	}
	_, err = b.look(ctx, row, e.Session, func(ctx context.Context) error {
		return b.store.settleEvent(ctx, e.ID, stateApplied, b.clock.Now())
	})
	return err
}

// tidyPurchases settles those of whose ending we were never told.
func (b *Billing) tidyPurchases(ctx context.Context, r *Report) error {
	now := b.clock.Now()
	rows, err := b.store.stalePurchases(ctx, now.Add(-staleAfter), unsettled)
	if err != nil {
		return err
	}
	for _, row := range rows {
		err := b.tidyPurchase(ctx, row, r)
		if errors.Is(err, ErrPaymentsUnavailable) {
			return err
		}
		if err != nil { // whoever takes the money does not want it: the others can still be settled
			r.problem("purchase %s: %v", row.ID, err)
		}
	}
	return b.tidyPayBacks(ctx, r)
}

func (b *Billing) tidyPurchase(ctx context.Context, row Purchase, r *Report) (err error) {
	r.Checked++
	now := row
	switch {
	case row.StripeSessionID != nil:
		now, err = b.look(ctx, row, *row.StripeSessionID, nothing)
	case row.CreatedAt.Before(b.clock.Now().Add(-resumeWithin)):
		now, err = b.movePurchase(ctx, row, payment{State: PurchaseExpired}, nothing)
	}
	if err != nil {
		return fmt.Errorf("settle purchase %s: %w", row.ID, err)
	}
	if now.State != row.State {
		r.Healed++
	}
	return nil
}

// forgetPurchases closes what somebody who leaves could still pay.
func (b *Billing) forgetPurchases(ctx context.Context, userID uuid.UUID) error {
	open, err := b.store.openPurchases(ctx, userID)
	if err != nil {
		return err
	}
	for _, row := range open {
		if row.StripeSessionID == nil {
			_, err = b.movePurchase(ctx, row, payment{State: PurchaseExpired}, nothing)
		} else if _, err = b.stripe.expireSession(ctx, *row.StripeSessionID); err == nil {
			_, err = b.look(ctx, row, *row.StripeSessionID, nothing)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
