package idempotency

import (
	"context"
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/job"
)

// Work teaches q to forget keys after 72 hours, every hour.
func (k *Keys) Work(q *job.Queue) {
	job.On(q, func(ctx context.Context, _ pruneKeys) error {
		return k.store.prune(ctx, k.clock.Now().Add(-keep))
	})
	q.Every(time.Hour, pruneKeys{})
}

type pruneKeys struct{}

// Kind names the job.
func (pruneKeys) Kind() string { return "idempotency.prune_keys" }
