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

// Work teaches q to rotate keys when they have signed for 90 days, to forget
// those that are gone, and to seal anew what the previous secret has sealed,
// every hour.
func (k *Keyring) Work(q *job.Queue) {
	job.On(q, func(ctx context.Context, _ keep) error { return k.keep(ctx) })
	q.Every(time.Hour, keep{})
}

func (k *Keyring) keep(ctx context.Context) error {
	if _, err := k.change(ctx, byAge); err != nil {
		return err
	}
	if err := k.db.InTx(ctx, k.sealAnew); err != nil {
		return err
	}
	return k.db.InTx(ctx, k.forgetGone)
}

// sealAnew seals with the secret of now what the one before has sealed.
func (k *Keyring) sealAnew(ctx context.Context) error {
	if err := k.alone(ctx); err != nil {
		return err
	}
	rows, err := k.rows(ctx)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if !k.seal.stale(row.Kid, row.Sealed) {
			continue
		}
		key, err := k.seal.open(row.Kid, row.Sealed)
		if err != nil {
			return err
		}
		if err := k.reseal(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

// Sealing counts the keys that need the previous secret, and those that none
// opens.
func (k *Keyring) Sealing(ctx context.Context) (previous, closed int, err error) {
	rows, err := k.rows(ctx)
	for _, row := range rows {
		if k.seal.stale(row.Kid, row.Sealed) {
			previous++
		} else if _, err := k.seal.open(row.Kid, row.Sealed); err != nil {
			closed++
		}
	}
	return previous, closed, err
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
