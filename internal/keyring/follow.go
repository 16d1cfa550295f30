package keyring

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	refresh   = 30 * time.Second // how often a replica looks unasked
	retry     = time.Second      // after a look that failed
	lookTime  = 5 * time.Second  // that ids nobody knows may make it look lookLimit times in
	lookLimit = 5
)

// looks counts how often unknown ids have made this replica look.
type looks struct {
	since time.Time
	n     int
}

// Follow keeps the keyring current until ctx ends, and makes the first key
// where none signs. It survives the absence of the database.
func (k *Keyring) Follow(ctx context.Context) {
	wake := make(chan struct{}, 1)
	var listening sync.WaitGroup
	defer listening.Wait()
	listening.Go(func() { k.listen(ctx, wake) })
	timer := time.NewTimer(refresh)
	defer timer.Stop()
	for {
		pause := refresh
		if err := k.catchUp(ctx); err != nil && ctx.Err() == nil {
			k.log.WarnContext(ctx, "signing keys cannot be read", "err", err)
			pause = retry
		}
		timer.Reset(pause)
		select {
		case <-ctx.Done():
			return
		case <-wake:
		case <-timer.C:
		}
	}
}

// catchUp looks, and makes the first key where none signs.
func (k *Keyring) catchUp(ctx context.Context) error {
	if err := k.Load(ctx); err != nil {
		return err
	}
	if _, ok := k.known.Load().signing(k.clock.Now()); ok {
		return nil
	}
	if _, err := k.change(ctx, begin); err != nil {
		return err
	}
	return k.Load(ctx)
}

// listen wakes the follower after each change, and at the start: something
// may have come while nobody listened.
func (k *Keyring) listen(ctx context.Context, wake chan<- struct{}) {
	for {
		err := k.hear(ctx, func() {
			select {
			case wake <- struct{}{}:
			default: // it is awake
			}
		})
		if ctx.Err() != nil {
			return
		}
		k.log.WarnContext(ctx, "the connection that listens for signing keys was lost", "err", err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(retry):
		}
	}
}

// hear needs a connection of its own: one of the pool would be lost to it.
func (k *Keyring) hear(ctx context.Context, wake func()) error {
	conn, err := pgx.Connect(ctx, k.db.URL())
	if err != nil {
		return fmt.Errorf("connect to listen for signing keys: %w", err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(ctx) // what cannot be closed is closed by the server
	}()
	if _, err := conn.Exec(ctx, `LISTEN signing_keys`); err != nil {
		return fmt.Errorf("listen for signing keys: %w", err)
	}
	for {
		wake()
		if _, err := conn.WaitForNotification(ctx); err != nil {
			return fmt.Errorf("wait for signing keys: %w", err)
		}
	}
}

// Load reads the keys of the table. A key that cannot be opened is left out,
// and the log says so.
func (k *Keyring) Load(ctx context.Context) error {
	if err := k.enter(ctx); err != nil {
		return err
	}
	defer k.leave()
	return k.load(ctx)
}

func (k *Keyring) enter(ctx context.Context) error {
	select {
	case k.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for the signing keys: %w", ctx.Err())
	}
}

func (k *Keyring) leave() { <-k.turn }

func (k *Keyring) load(ctx context.Context) error {
	rows, err := k.rows(ctx)
	if err != nil {
		return err
	}
	k.known.Store(&ring{own: k.own, keys: k.opened(ctx, rows)})
	k.loaded.Store(true)
	return nil
}

func (k *Keyring) opened(ctx context.Context, rows []keyRow) []Key {
	var keys []Key
	for _, row := range rows {
		key, err := k.seal.open(row.Kid, row.Sealed)
		if err != nil {
			k.log.WarnContext(ctx, "a signing key cannot be used", "kid", row.Kid, "err", err)
			continue
		}
		key.SignsAt = row.SignsAt.UTC()
		keys = append(keys, key)
	}
	return timeline(keys, k.life)
}

// lookAgain is true when the table has been read since the caller looked.
func (k *Keyring) lookAgain(ctx context.Context, id string) bool {
	if k.enter(ctx) != nil {
		return false
	}
	defer k.leave()
	now := k.clock.Now()
	if _, ok := k.known.Load().public(id, now); ok {
		return true // who had the turn before has found it
	}
	if now.Sub(k.looks.since) >= lookTime {
		k.looks = looks{since: now}
	}
	if k.looks.n >= lookLimit {
		return false
	}
	k.looks.n++
	if err := k.load(ctx); err != nil {
		k.log.WarnContext(ctx, "signing keys cannot be read", "err", err)
		return false
	}
	return true
}
