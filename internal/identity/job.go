package identity

import (
	"context"
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/job"
)

// prune forgets flows that are over.
type prune struct{}

// Kind names the job.
func (prune) Kind() string { return "identity.prune" }

const keepFlows = 24 * time.Hour // for looking into complaints

func (i *Identity) registerJobs(q *job.Queue) {
	job.On(q, func(ctx context.Context, _ prune) error { return i.prune(ctx, i.clock.Now().Add(-keepFlows)) })
	q.Every(time.Hour, prune{})
}
