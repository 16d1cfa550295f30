package membership

import (
	"context"

	"github.com/womens-tech-conservatory/conservatory/internal/job"
)

// ExpireAccess are the arguments of the job that runs every minute.
func ExpireAccess() job.Args { return expireAccess{} }

// Expire is what that job does.
func (m *Membership) Expire(ctx context.Context) error { return m.expire(ctx) }
