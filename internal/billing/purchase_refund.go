package billing

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/job"
)

// PayBack promises to give back all that was paid for a subject, once, in the
// transaction of its reason; where nothing is paid nothing happens. It is done by a
// job, which a crash or a lost answer only delays. What Stripe refuses, such as
// what a bank has taken back already, is logged as an error and kept.
func (b *Billing) PayBack(ctx context.Context, purpose Purpose, subjectID uuid.UUID) error {
	asked, err := b.store.askRefunds(ctx, purpose, subjectID, b.clock.Now())
	if err != nil {
		return err
	}
	for _, p := range asked {
		if err := b.queue.Enqueue(ctx, payBack{PurchaseID: p.ID}); err != nil {
			return err
		}
	}
	return nil
}

// payBack gives the money of a purchase back. It may be repeated.
func (b *Billing) payBack(ctx context.Context, id uuid.UUID) error {
	p, found, err := b.store.refundOpen(ctx, id)
	if err != nil || !found {
		return err
	}
	if p.StripePaymentIntentID == nil {
		return fmt.Errorf("pay back purchase %s: %w", id, errNoPayment)
	}
	refund, err := b.stripe.payBack(ctx, p)
	if err != nil && !definite(err) {
		return err
	}
	failure := ""
	if err != nil {
		failure = "declined"
		b.log.ErrorContext(ctx, "a purchase cannot be paid back", "purchase", id, "error", err)
	}
	return b.store.refundSettled(ctx, id, refund, failure, b.clock.Now())
}

var errNoPayment = errors.New("billing: it is paid, and no payment is known")

// tidyPayBacks does what a lost job did not.
func (b *Billing) tidyPayBacks(ctx context.Context, r *Report) error {
	waiting, err := b.store.refundsOpen(ctx, b.clock.Now().Add(-staleAfter), unsettled)
	if err != nil {
		return err
	}
	for _, p := range waiting {
		r.Checked++
		if err := b.payBack(ctx, p.ID); err != nil {
			return err
		}
		r.Healed++
	}
	return nil
}

type payBack struct {
	PurchaseID uuid.UUID `json:"purchase_id"`
}

// Kind names the job.
func (payBack) Kind() string { return "billing.pay_back" }

// InsertOpts keeps money out of the way of everything else.
func (payBack) InsertOpts() job.Options {
	return job.Options{Queue: job.QueueBilling, MaxAttempts: maxAttempts}
}
