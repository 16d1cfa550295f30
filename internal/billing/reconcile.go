package billing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// Report says what a reconciliation looked at and what it found.
type Report struct {
	Checked  int      // subscriptions and checkouts compared
	Healed   int      // that were different here, and are not any more
	Problems []string // what it could not put right
}

func (r *Report) problem(format string, args ...any) {
	r.Problems = append(r.Problems, fmt.Sprintf(format, args...))
}

const (
	maxPages   = 200 // of a hundred each
	unsettled  = 500
	staleAfter = time.Hour // an event that is not here by then is lost
	source     = "reconcile"
)

// Reconcile compares everything Stripe has with everything we have, from both
// sides, and makes our side right where it is not. It fails only when Stripe
// or the database does; what it cannot put right is in the report.
func (b *Billing) Reconcile(ctx context.Context) (Report, error) {
	w := newWalk(b)
	if err := w.all(ctx); err != nil {
		return w.Report, err
	}
	return b.report(ctx, w.Report, b.tidy(ctx, &w.Report))
}

// ReconcileUnsettled looks only at what waits for word from Stripe: payments
// and checkouts that are open, ends that have passed, events not applied.
func (b *Billing) ReconcileUnsettled(ctx context.Context) (Report, error) {
	var r Report
	var failed []error
	users, err := b.membership.Unsettled(ctx, uuid.Nil, unsettled)
	if err != nil {
		return r, err
	}
	for _, userID := range users {
		customer, err := b.store.customerOf(ctx, userID)
		if pg.Missing(err) {
			r.problem("member %s has a subscription and no customer", userID)
			continue
		}
		if err == nil {
			err = b.heal(ctx, userID, customer, &r)
		}
		failed = append(failed, err)
	}
	return b.report(ctx, r, errors.Join(append(failed, b.reconcileOpenMoney(ctx, &r), b.tidy(ctx, &r))...))
}

func (b *Billing) report(ctx context.Context, r Report, err error) (Report, error) {
	if r.Healed > 0 || len(r.Problems) > 0 {
		b.log.WarnContext(ctx, "reconciliation found differences", "checked", r.Checked, "healed", r.Healed, "problems", r.Problems)
	}
	return r, err
}

func (b *Billing) heal(ctx context.Context, userID uuid.UUID, customer string, r *Report) error {
	changed, err := b.sync(ctx, userID, customer, source, time.Time{}, func(context.Context) error { return nil })
	r.Checked++
	if changed {
		r.Healed++
	}
	return err
}

// Tidy settles checkouts and events whose ending was never told.
func (b *Billing) Tidy(ctx context.Context) error {
	var r Report
	_, err := b.report(ctx, r, b.tidy(ctx, &r))
	return err
}

// tidy settles checkouts whose ending was never told, and promises again to
// apply events that wait.
func (b *Billing) tidy(ctx context.Context, r *Report) error {
	now := b.clock.Now()
	if err := b.tidyPurchases(ctx, r); err != nil {
		return err
	}
	rows, err := b.store.staleCheckouts(ctx, now.Add(-time.Hour), unsettled)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if err := b.tidyCheckout(ctx, row, r); err != nil {
			return err
		}
	}
	if err := b.tidyQuotes(ctx, r); err != nil {
		return err
	}
	waiting, err := b.store.lostEvents(ctx, now.Add(-time.Hour), unsettled)
	if err != nil {
		return err
	}
	for _, id := range waiting {
		if err := b.Apply(ctx, id); err != nil {
			r.problem("event %s: %v", id, err)
			continue
		}
		r.Healed++
	}
	return nil
}

func (b *Billing) tidyCheckout(ctx context.Context, row checkout, r *Report) error {
	r.Checked++
	now := b.clock.Now()
	if row.StripeSessionID == nil {
		if row.CreatedAt.After(now.Add(-resumeWithin)) {
			return nil // may still be resumed
		}
		return b.store.expireCheckout(ctx, row.ID, now)
	}
	found, ok, err := b.stripe.session(ctx, *row.StripeSessionID)
	if err != nil {
		return err
	}
	if ok && found.Status == checkoutOpen {
		return nil
	}
	r.Healed++
	if !ok {
		return b.store.expireCheckout(ctx, row.ID, now)
	}
	return b.store.settleCheckout(ctx, found, row.ID, now)
}
