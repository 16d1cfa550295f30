package billing

import (
	"context"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/job"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// customerEmail tells Stripe the address of a member, as it is when the job
// runs.
type customerEmail struct {
	UserID uuid.UUID `json:"user_id"`
}

// Kind names the job.
func (customerEmail) Kind() string { return "billing.customer_email" }

// InsertOpts keeps events out of its way.
func (customerEmail) InsertOpts() job.Options { return job.Options{Queue: job.QueueBilling} }

// EmailChanged promises that Stripe will write to the new address of a member,
// in the transaction in which it changes.
func (b *Billing) EmailChanged(ctx context.Context, userID uuid.UUID) error {
	return b.queue.Enqueue(ctx, customerEmail{userID})
}

// tellEmail may be repeated; who never paid has nothing to tell. Two at once
// wait for each other, so the last one tells the last address.
func (b *Billing) tellEmail(ctx context.Context, userID uuid.UUID) error {
	return b.db.Serial(ctx, "billing:email:"+userID.String(), func(ctx context.Context) error {
		customer, err := b.store.customerOf(ctx, userID)
		if pg.Missing(err) {
			return nil
		}
		if err != nil {
			return err
		}
		email, err := b.store.email(ctx, userID)
		if err != nil {
			return err
		}
		return b.stripe.tellEmail(ctx, customer, email)
	})
}
