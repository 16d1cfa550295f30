package billing

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// moneyMoves is for how long after it was made a refund, dispute or credit note
// may still change.
const moneyMoves = 200 * 24 * time.Hour

// ReconcileMoney compares everything that went back, from Stripe's side, and
// makes our side right.
func (b *Billing) ReconcileMoney(ctx context.Context) error {
	var r Report
	err := b.reconcileMoney(ctx, &r)
	_, err = b.report(ctx, r, err)
	return err
}

// reconcileMoney looks from Stripe's side at what went back, and heals the
// members of whom something is different here.
func (b *Billing) reconcileMoney(ctx context.Context, r *Report) error {
	marks, err := b.stripe.moneyMarks(ctx, b.clock.Now().Add(-moneyMoves))
	if err != nil {
		return err
	}
	r.Checked += len(marks)
	ids := make([]string, len(marks))
	for n, m := range marks {
		ids[n] = m.ID
	}
	here, err := b.store.moneyStandings(ctx, ids)
	if err != nil {
		return err
	}
	done := map[string]bool{"": true}
	for _, m := range marks {
		if here[m.ID] == m.Status || done[m.Customer] {
			continue
		}
		done[m.Customer] = true
		userID, err := b.owner(ctx, m.Customer, claim{})
		if errors.Is(err, errUnbound) {
			continue // somebody else's in a shared account
		}
		if err == nil {
			err = b.healMoney(ctx, userID, m.Customer, r)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// reconcileOpenMoney looks again at what is on its way or in dispute, and takes
// up refunds that were ordered and not made.
func (b *Billing) reconcileOpenMoney(ctx context.Context, r *Report) error {
	orders, err := b.store.openOrders(ctx, b.clock.Now().Add(-time.Hour), unsettled)
	if err != nil {
		return err
	}
	var failed []error
	for _, id := range orders {
		r.Checked++
		failed = append(failed, b.settleRefund(ctx, id))
	}
	users, err := b.store.openMoney(ctx, unsettled)
	if err != nil {
		return err
	}
	for _, userID := range users {
		customer, err := b.store.customerOf(ctx, userID)
		if pg.Missing(err) {
			r.problem("member %s has a charge and no customer", userID)
			continue
		}
		if err == nil {
			r.Checked++
			err = b.syncWithMoney(ctx, userID, customer, source, time.Time{}, func(context.Context) error { return nil })
		}
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

func (b *Billing) healMoney(ctx context.Context, userID uuid.UUID, customer string, r *Report) error {
	r.Healed++
	return b.syncWithMoney(ctx, userID, customer, source, time.Time{}, func(context.Context) error { return nil })
}
