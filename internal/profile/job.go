package profile

import (
	"context"
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/job"
)

// work teaches q to clear old pictures: at once when there is one, and every
// hour for what broke off.
func (p *Profile) work(q *job.Queue) {
	job.On(q, func(ctx context.Context, _ clearAvatars) error { return p.ClearAvatars(ctx) })
	q.Every(time.Hour, clearAvatars{})
}

type clearAvatars struct{}

// Kind names the job.
func (clearAvatars) Kind() string { return "profile.clear_avatars" }
