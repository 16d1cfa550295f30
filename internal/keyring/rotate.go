package keyring

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
)

// Listed is a key as an operator sees it.
type Listed struct {
	Key

	State State
}

// List reads the table and gives every key that is not gone: those of the
// table, the latest first, then those of the environment.
func (k *Keyring) List(ctx context.Context) ([]Listed, error) {
	if err := k.Load(ctx); err != nil {
		return nil, err
	}
	now, known := k.clock.Now(), k.known.Load()
	var all []Listed
	for _, key := range known.published(now) {
		all = append(all, Listed{key, known.stateOf(key, now)})
	}
	return all, nil
}

// Rotate announces a new key, which signs after ten minutes, or after five
// seconds for who is in a hurry (a seed has leaked). The key before verifies
// until its last token is over. While one is announced no other is made: it
// is given again, and may be hastened. It is audited.
func (k *Keyring) Rotate(ctx context.Context, hurried bool) (Key, error) {
	if hurried {
		return k.change(ctx, atOnce)
	}
	return k.change(ctx, inTurn)
}

// plan says what to do with the keys of the table: make one that signs at a
// time, or hasten one that is announced; nil for nothing.
type plan struct {
	key    *Key // that is announced
	at     time.Time
	reason string
}

// decide makes a plan from what is there. Pure.
type decide func(keys, own []Key, now time.Time) *plan

func pending(keys []Key, now time.Time) *Key {
	if n := len(keys); n > 0 && keys[n-1].state(now) == Announced {
		return &keys[n-1]
	}
	return nil
}

func inTurn(keys, _ []Key, now time.Time) *plan {
	if p := pending(keys, now); p != nil {
		return &plan{p, p.SignsAt, "asked"}
	}
	return &plan{nil, now.Add(announce), "asked"}
}

func atOnce(keys, _ []Key, now time.Time) *plan {
	at := now.Add(hurry)
	if p := pending(keys, now); p != nil && p.SignsAt.Before(at) {
		at = p.SignsAt
	}
	return &plan{pending(keys, now), at, "hurried"}
}

// begin makes a key where none signs.
func begin(keys, own []Key, now time.Time) *plan {
	if _, ok := (&ring{own: own, keys: keys}).signing(now); ok {
		return nil
	}
	return &plan{nil, now, "first"}
}

// byAge makes the first key of the table, and the next when the last has
// signed long enough.
func byAge(keys, own []Key, now time.Time) *plan {
	switch n := len(keys); {
	case n == 0 && len(own) == 0:
		return &plan{nil, now, "first"}
	case n == 0:
		return &plan{nil, now.Add(handover), "first"}
	case now.Sub(keys[n-1].SignsAt) >= RotateAfter:
		return &plan{nil, now.Add(announce), "age"}
	default:
		return nil
	}
}

// change carries out a decision, alone, in one transaction; the zero Key when
// there was nothing to do.
func (k *Keyring) change(ctx context.Context, d decide) (Key, error) {
	var key Key
	err := k.db.InTx(ctx, func(ctx context.Context) error {
		if err := k.alone(ctx); err != nil {
			return err
		}
		rows, err := k.rows(ctx)
		if err != nil {
			return err
		}
		now := k.clock.Now()
		p := d(k.opened(ctx, rows), k.own, now)
		if p == nil {
			return nil
		}
		if key, err = k.apply(ctx, *p, now); err != nil {
			return err
		}
		return k.notify(ctx)
	})
	return key, err
}

func (k *Keyring) apply(ctx context.Context, p plan, now time.Time) (Key, error) {
	if p.key != nil {
		key := *p.key
		if key.SignsAt.Equal(p.at) {
			return key, nil
		}
		key.SignsAt = p.at
		if err := k.hasten(ctx, key.ID, key.SignsAt); err != nil {
			return Key{}, err
		}
		return key, k.act(ctx, "signing-key.hasten", key, p.reason)
	}
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return Key{}, fmt.Errorf("make a signing key: %w", err)
	}
	key := newKey(private)
	key.SignsAt = p.at
	if err := k.insert(ctx, key, now); err != nil {
		return Key{}, err
	}
	return key, k.act(ctx, "signing-key.announce", key, p.reason)
}

func (k *Keyring) act(ctx context.Context, action string, key Key, reason string) error {
	if k.auditor == nil {
		return nil
	}
	detail := map[string]string{"signs_at": key.SignsAt.UTC().Format(time.RFC3339), "reason": reason}
	if err := k.auditor.Act(ctx, uuid.Nil, action, "signing-key", key.ID, detail); err != nil {
		return fmt.Errorf("audit %s: %w", action, err)
	}
	return nil
}

// Forget takes a key away that has leaked: from now on no replica accepts it,
// and who holds one of its tokens has to refresh it. It is audited. Faults:
// ErrNotFound, ErrSigns while it signs.
func (k *Keyring) Forget(ctx context.Context, id string) error {
	return k.db.InTx(ctx, func(ctx context.Context) error {
		if err := k.alone(ctx); err != nil {
			return err
		}
		rows, err := k.rows(ctx)
		if err != nil {
			return err
		}
		now := k.clock.Now()
		for _, key := range k.opened(ctx, rows) {
			if key.ID != id {
				continue
			}
			if key.state(now) == Signing {
				return ErrSigns
			}
			return k.drop(ctx, key, "asked")
		}
		return fault.ErrNotFound
	})
}

func (k *Keyring) drop(ctx context.Context, key Key, reason string) error {
	if err := k.forget(ctx, key.ID); err != nil {
		return err
	}
	if err := k.act(ctx, "signing-key.forget", key, reason); err != nil {
		return err
	}
	return k.notify(ctx)
}
