package privacy

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/job"
)

// work teaches q the jobs of privacy.
func (p *Privacy) work(q *job.Queue) {
	job.On(q, func(ctx context.Context, a makeExport) error { return p.MakeExport(ctx, a.ExportID) })
	job.On(q, func(ctx context.Context, _ expireExports) error { return p.ExpireExports(ctx) })
	job.On(q, func(ctx context.Context, _ eraseDue) error { return p.EraseDue(ctx) })
	job.On(q, func(ctx context.Context, a erase) error { return p.Erase(ctx, a.ErasureID) })
	job.On(q, func(ctx context.Context, _ retain) error {
		went, err := p.Retain(ctx)
		if len(went) > 0 {
			p.cfg.Log.InfoContext(ctx, "old rows deleted", "rows", went)
		}
		return err
	})
	q.Every(10*time.Minute, expireExports{})
	q.Every(10*time.Minute, eraseDue{})
	q.Every(time.Hour, retain{})
}

type makeExport struct {
	ExportID uuid.UUID `json:"export_id"`
}

// Kind names the job.
func (makeExport) Kind() string { return "privacy.make_export" }

// InsertOpts gives up before a copy counts as failed.
func (makeExport) InsertOpts() job.Options { return job.Options{MaxAttempts: 6} }

// Timeout leaves room for somebody who wrote a lot.
func (makeExport) Timeout() time.Duration { return time.Hour }

type expireExports struct{}

// Kind names the job.
func (expireExports) Kind() string { return "privacy.expire_exports" }

type eraseDue struct{}

// Kind names the job.
func (eraseDue) Kind() string { return "privacy.erase_due" }

type erase struct {
	ErasureID uuid.UUID `json:"erasure_id"`
}

// Kind names the job.
func (erase) Kind() string { return "privacy.erase" }

// InsertOpts lets one work on it at a time. When it has given up, the next
// look for what is due begins anew.
func (erase) InsertOpts() job.Options {
	return job.Options{MaxAttempts: 10, UniqueOpts: job.Unique{ByArgs: true}}
}

// Timeout is how long an erasure rests after its process has died, too: nobody
// takes a job before its time is over. What is not done by then is done by the
// next try.
func (erase) Timeout() time.Duration { return 10 * time.Minute }

type retain struct{}

// Kind names the job.
func (retain) Kind() string { return "privacy.retain" }

// Timeout leaves room for a first run after years.
func (retain) Timeout() time.Duration { return 30 * time.Minute }
