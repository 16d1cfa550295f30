package keyring

import (
	"context"
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/job"
)

// keep rotates keys in time and forgets those that are gone.
type keep struct{}

// Kind names the job.
func (keep) Kind() string { return "keyring.keep" }

// Work teaches q to rotate keys when they have signed for 90 days, and to
// forget those that are gone, every hour.
func (k *Keyring) Work(q *job.Queue) {
	job.On(q, func(ctx context.Context, _ keep) error { return k.keep(ctx) })
	q.Every(time.Hour, keep{})
}

func (k *Keyring) keep(ctx context.Context) error {
	if _, err := k.change(ctx, byAge); err != nil {
		return err
	}
	return k.db.InTx(ctx, k.forgetGone)
}

// forgetGone also forgets keys that cannot be opened, in their time.
func (k *Keyring) forgetGone(ctx context.Context) error {
	if err := k.alone(ctx); err != nil {
		return err
	}
	rows, err := k.rows(ctx)
	if err != nil {
		return err
	}
	all := make([]Key, len(rows))
	for i, row := range rows {
		all[i] = Key{ID: row.Kid, SignsAt: row.SignsAt.UTC()}
	}
	now := k.clock.Now()
	for _, key := range timeline(all, k.life) {
		if key.state(now) != Gone {
			continue
		}
		if err := k.drop(ctx, key, "gone"); err != nil {
			return err
		}
	}
	return nil
}
