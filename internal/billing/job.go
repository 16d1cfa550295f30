package billing

import (
	"context"
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/job"
)

// work teaches q the jobs of billing and when to look after things unasked.
func (b *Billing) work(q *job.Queue) {
	job.On(q, func(ctx context.Context, a applyEvent) error { return b.Apply(ctx, a.EventID) })
	job.On(q, func(ctx context.Context, a customerEmail) error { return b.tellEmail(ctx, a.UserID) })
	job.On(q, func(ctx context.Context, _ reconcileUnsettled) error {
		_, err := b.ReconcileUnsettled(ctx)
		return err
	})
	job.On(q, func(ctx context.Context, _ reconcileAll) error {
		_, err := b.Reconcile(ctx)
		return err
	})
	q.Every(time.Hour, reconcileUnsettled{})
	q.Every(24*time.Hour, reconcileAll{})
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

// Timeout leaves room for every subscription there is.
func (reconcileAll) Timeout() time.Duration { return 2 * time.Hour }
