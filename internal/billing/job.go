package billing

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/job"
)

// work teaches q the jobs of billing and when to look after things unasked.
func (b *Billing) work(q *job.Queue) {
	job.On(q, func(ctx context.Context, a applyEvent) error { return b.Apply(ctx, a.EventID) })
	job.On(q, func(ctx context.Context, a finishRefund) error { return b.settleRefund(ctx, a.OrderID) })
	job.On(q, func(ctx context.Context, _ compareCatalogue) error { return b.CompareCatalogue(ctx) })
	job.On(q, func(ctx context.Context, _ reconcileBack) error { return b.ReconcileMoney(ctx) })
	job.On(q, func(ctx context.Context, a customerEmail) error { return b.tellEmail(ctx, a.UserID) })
	job.On(q, func(ctx context.Context, a publishOffer) error { return b.publishOffer(ctx, a.OfferID) })
	job.On(q, func(ctx context.Context, a publishPlan) error { return b.publish(ctx, a.PlanID) })
	job.On(q, func(ctx context.Context, _ reconcileUnsettled) error {
		_, err := b.ReconcileUnsettled(ctx)
		return errors.Join(err, b.RetryProof(ctx))
	})
	job.On(q, func(ctx context.Context, _ reconcileAll) error {
		return errors.Join(b.Tidy(ctx), b.StartProof(ctx))
	})
	job.On(q, func(ctx context.Context, a prove) error { return b.proveNow(ctx, a.ProofID) })
	job.On(q, func(ctx context.Context, a payBack) error { return b.payBack(ctx, a.PurchaseID) })
	q.Every(time.Hour, reconcileUnsettled{})
	q.Every(24*time.Hour, reconcileAll{})
	q.Every(24*time.Hour, reconcileBack{})
	q.Every(24*time.Hour, compareCatalogue{})
}

// stop ends a job whose work cannot succeed any more.
func stop(err error) error { return job.Cancel(err) }

type applyEvent struct {
	EventID string `json:"event_id"`
}

// Kind names the job.
func (applyEvent) Kind() string { return "billing.apply_event" }

// InsertOpts keeps events out of the way of everything else.
func (applyEvent) InsertOpts() job.Options {
	return job.Options{Queue: job.QueueBilling, MaxAttempts: maxAttempts}
}

// finishRefund makes a refund that was ordered, if whoever ordered it did not
// see it through.
type finishRefund struct {
	OrderID uuid.UUID `json:"order_id"`
}

// Kind names the job.
func (finishRefund) Kind() string { return "billing.finish_refund" }

// InsertOpts tries for as long as an event is tried.
func (finishRefund) InsertOpts() job.Options {
	return job.Options{Queue: job.QueueBilling, MaxAttempts: maxAttempts}
}

// compareCatalogue asks whether Stripe sells what we sell.
type compareCatalogue struct{}

// Kind names the job.
func (compareCatalogue) Kind() string { return "billing.compare_catalogue" }

// InsertOpts keeps it with what else asks Stripe.
func (compareCatalogue) InsertOpts() job.Options {
	return job.Options{Queue: job.QueueBilling, MaxAttempts: 3}
}

// reconcileBack looks at everything that went back.
type reconcileBack struct{}

// Kind names the job.
func (reconcileBack) Kind() string { return "billing.reconcile_back" }

// InsertOpts tries thrice before the next night.
func (reconcileBack) InsertOpts() job.Options {
	return job.Options{Queue: job.QueueBilling, MaxAttempts: 3}
}

// Timeout leaves room for all that moved in half a year.
func (reconcileBack) Timeout() time.Duration { return 30 * time.Minute }

type reconcileUnsettled struct{}

// Kind names the job.
func (reconcileUnsettled) Kind() string { return "billing.reconcile_unsettled" }

// InsertOpts leaves the next try to the next hour.
func (reconcileUnsettled) InsertOpts() job.Options {
	return job.Options{Queue: job.QueueBilling, MaxAttempts: 1}
}

// Timeout leaves room for every unsettled member before the next hour.
func (reconcileUnsettled) Timeout() time.Duration { return 30 * time.Minute }

type reconcileAll struct{}

// Kind names the job.
func (reconcileAll) Kind() string { return "billing.reconcile_all" }

// InsertOpts tries thrice before the next night.
func (reconcileAll) InsertOpts() job.Options {
	return job.Options{Queue: job.QueueBilling, MaxAttempts: 3}
}

// Timeout leaves room for every checkout and event that waits.
func (reconcileAll) Timeout() time.Duration { return time.Hour }

type prove struct {
	ProofID uuid.UUID `json:"proof_id"`
}

// Kind names the job.
func (prove) Kind() string { return "billing.prove" }

// InsertOpts leaves the next try to the next hour.
func (prove) InsertOpts() job.Options { return job.Options{Queue: job.QueueBilling, MaxAttempts: 1} }

// Timeout leaves room for everything there is.
func (prove) Timeout() time.Duration { return 2 * time.Hour }
