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
	maxPages  = 200 // of a hundred each
	unsettled = 500
	source    = "reconcile"
)

// Reconcile compares everything Stripe has with everything we have, from both
// sides, and makes our side right where it is not. It fails only when Stripe
// or the database does; what it cannot put right is in the report.
func (b *Billing) Reconcile(ctx context.Context) (Report, error) {
	var r Report
	seen := map[string]bool{}
	after := ""
	for range maxPages {
		page, next, err := b.stripe.subscriptionPage(ctx, "", after)
		if err != nil {
			return r, fmt.Errorf("list all subscriptions: %w", err)
		}
		if err := b.reconcilePage(ctx, page, seen, &r); err != nil {
			return r, err
		}
		if after = next; next == "" {
			break
		}
	}
	if after != "" {
		r.problem("stopped after %d pages of subscriptions", maxPages)
	}
	if err := b.reconcileUnseen(ctx, seen, &r); err != nil {
		return r, err
	}
	return b.report(ctx, r, b.tidy(ctx, &r))
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
	return b.report(ctx, r, errors.Join(append(failed, b.tidy(ctx, &r))...))
}

func (b *Billing) report(ctx context.Context, r Report, err error) (Report, error) {
	if r.Healed > 0 || len(r.Problems) > 0 {
		b.log.WarnContext(ctx, "reconciliation found differences", "checked", r.Checked, "healed", r.Healed, "problems", r.Problems)
	}
	return r, err
}

// reconcilePage looks from Stripe's side: what is ours there must be the same here.
func (b *Billing) reconcilePage(ctx context.Context, page []remote, seen map[string]bool, r *Report) error {
	prices, err := b.membership.Mapped(ctx, priceIDs(page))
	if err != nil {
		return err
	}
	done := map[string]bool{}
	for _, there := range page {
		seen[there.StripeID] = true
		want, ours := there.mapped(prices)
		if !ours {
			continue
		}
		r.Checked++
		here, found, err := b.membership.ByStripeID(ctx, there.StripeID)
		if err != nil {
			return err
		}
		// Whose it is and where to pay are not in the list.
		want.UserID, want.PayURL = here.UserID, here.PayURL
		if (found && here.Same(want)) || done[there.Customer] {
			continue
		}
		done[there.Customer] = true
		userID, err := b.owner(ctx, there.Customer, there.Claim)
		if errors.Is(err, errUnbound) {
			r.problem("subscription %s of customer %s: %v", there.StripeID, there.Customer, err)
			continue
		}
		if err == nil {
			err = b.heal(ctx, userID, there.Customer, r)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// reconcileUnseen looks from our side: what runs here must be known there.
func (b *Billing) reconcileUnseen(ctx context.Context, seen map[string]bool, r *Report) error {
	for after := ""; ; {
		rows, err := b.store.live(ctx, after, pageSize)
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, row := range rows {
			after = row.StripeID
			if seen[row.StripeID] {
				continue
			}
			there, found, err := b.stripe.subscription(ctx, row.StripeID)
			if err != nil {
				return err
			}
			if !found || there.Customer != row.Customer {
				// Another account or mode would make everybody look gone: a person must decide.
				r.problem("subscription %s runs here and Stripe does not know it", row.StripeID)
			}
		}
	}
}

func (b *Billing) heal(ctx context.Context, userID uuid.UUID, customer string, r *Report) error {
	changed, err := b.sync(ctx, userID, customer, source, time.Time{}, func(context.Context) error { return nil })
	r.Checked++
	if changed {
		r.Healed++
	}
	return err
}

// tidy settles checkouts whose ending was never told, and promises again to
// apply events that wait.
func (b *Billing) tidy(ctx context.Context, r *Report) error {
	now := b.clock.Now()
	rows, err := b.store.staleCheckouts(ctx, now.Add(-time.Hour), unsettled)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if err := b.tidyCheckout(ctx, row, r); err != nil {
			return err
		}
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
	return b.store.settleCheckout(ctx, *row.StripeSessionID, row.ID, found.Status, now)
}
