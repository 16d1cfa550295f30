package factor

import (
	"context"
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/job"
)

// prune forgets what is over.
type prune struct{}

func (prune) Kind() string { return "factor.prune" }

// Work registers the jobs of this domain on q, which must not have started
// yet.
func (f *Factor) Work(q *job.Queue) {
	job.On(q, func(ctx context.Context, _ prune) error { return f.prune(ctx, f.clock.Now()) })
	q.Every(time.Hour, prune{})
}
