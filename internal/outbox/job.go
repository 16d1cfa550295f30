package outbox

import (
	"context"
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/job"
)

// keep is how long a stream may have been away and still resume.
const keep = 24 * time.Hour

// Work teaches q to forget events after 24 hours, every hour.
func (o *Outbox) Work(q *job.Queue) {
	job.On(q, func(ctx context.Context, _ prune) error { return o.Prune(ctx, keep) })
	q.Every(time.Hour, prune{})
}

type prune struct{}

// Kind names the job.
func (prune) Kind() string { return "outbox.prune" }
