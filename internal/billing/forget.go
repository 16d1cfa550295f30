package billing

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// Forget ends whatever a member pays for, at once and without paying back,
// and takes her name, address and cards from Stripe, which keeps the invoices
// as the law asks. Our books keep the customer's id. It may be repeated; who
// never paid has nothing to forget. Fault: ErrPaymentsUnavailable.
func (b *Billing) Forget(ctx context.Context, userID uuid.UUID) error {
	customers, err := b.store.customersOf(ctx, userID)
	if err != nil || len(customers) == 0 {
		return err
	}
	if err := errors.Join(b.forgetCheckout(ctx, userID), b.forgetPurchases(ctx, userID)); err != nil {
		return err
	}
	for _, customer := range customers {
		if err := b.forgetCustomer(ctx, userID, customer); err != nil {
			return err
		}
	}
	return nil
}

func (b *Billing) forgetCustomer(ctx context.Context, userID uuid.UUID, customer string) error {
	all, err := b.stripe.subscriptions(ctx, customer)
	if missing(err, "customer") {
		return nil // there is nothing of her under this number
	}
	if err != nil {
		return err
	}
	for _, r := range all {
		if r.Status.Terminal() {
			continue
		}
		if err := b.stripe.cancel(ctx, r.StripeID); err != nil {
			return err
		}
	}
	// While Stripe still lists them: the ledger must learn of the end.
	if _, err := b.sync(ctx, userID, customer, "erasure", time.Time{}, func(context.Context) error { return nil }); err != nil {
		return err
	}
	return b.stripe.forgetCustomer(ctx, customer)
}

func (b *Billing) forgetCheckout(ctx context.Context, userID uuid.UUID) error {
	open, err := b.store.openCheckout(ctx, userID)
	if pg.Missing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	return b.closeCheckout(ctx, open)
}
