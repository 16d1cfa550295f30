package factor

import (
	"context"
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/job"
)

// prune forgets what is over.
type prune struct{}

func (prune) Kind() string { return "factor.prune" }

// sealAnew follows a change of the secret.
type sealAnew struct{}

func (sealAnew) Kind() string { return "factor.seal_anew" }

// Work registers the jobs of this domain on q, which must not have started
// yet.
func (f *Factor) Work(q *job.Queue) {
	job.On(q, func(ctx context.Context, _ prune) error { return f.prune(ctx, f.clock.Now()) })
	q.Every(time.Hour, prune{})
	job.On(q, func(ctx context.Context, _ sealAnew) error { return f.SealAnew(ctx) })
	q.Every(time.Hour, sealAnew{})
}
