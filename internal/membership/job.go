package membership

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/job"
)

// Work teaches q to bring access up to date when its time passes, every
// minute.
func (m *Membership) Work(q *job.Queue) {
	job.On(q, func(ctx context.Context, _ expireAccess) error { return m.expire(ctx) })
	q.Every(time.Minute, expireAccess{})
}

type expireAccess struct{}

// Kind names the job.
func (expireAccess) Kind() string { return "membership.expire_access" }

// atOnce bounds one run; those who are left come a minute later.
const atOnce = 1000

func (m *Membership) expire(ctx context.Context) error {
	due, err := m.store.expiring(ctx, m.clock.Now().Add(ahead), atOnce)
	if err != nil {
		return err
	}
	var failed []error
	for _, userID := range due {
		if err := m.Recompute(ctx, userID); err != nil {
			failed = append(failed, fmt.Errorf("recompute the access of %s: %w", userID, err))
		}
	}
	return errors.Join(failed...)
}
