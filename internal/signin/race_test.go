package signin

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

const rounds, hands = 200, 32

// race lets many hands use one secret, again and again: one gets in, the
// others hear that it is wrong.
func race(t *testing.T, secret func(context.Context, *testing.T, *rig) func() error) {
	t.Helper()
	r := on(t, pgtest.New(t))
	for range rounds {
		use := secret(t.Context(), t, r)
		results := make(chan error, hands)
		for range hands {
			go func() { results <- use() }()
		}
		won := 0
		for range hands {
			err := <-results
			if err == nil {
				won++
			} else if f := fault.From(err); f == nil || f.Code != ErrCode.Code && f.Code != ErrLink.Code {
				t.Fatal(err)
			}
		}
		if won != 1 {
			t.Fatalf("%d hands got in, want 1", won)
		}
	}
}

// fresh is somebody without a password, who costs little to make.
func (r *rig) fresh(ctx context.Context, t *testing.T) (account.User, account.Actor) {
	t.Helper()
	u := r.member(ctx, t, "")
	return u, r.session(ctx, t, u.ID)
}

func TestOneCodeManyHands(t *testing.T) {
	t.Parallel()
	race(t, func(ctx context.Context, t *testing.T, r *rig) func() error {
		t.Helper()
		u, _ := r.fresh(ctx, t)
		k := r.byCode(u, r.mailed(ctx, t, kindCode, u))
		return func() error { _, err := r.SignIn(ctx, k); return err }
	})
}

func TestOneSignInLinkManyHands(t *testing.T) {
	t.Parallel()
	race(t, func(ctx context.Context, t *testing.T, r *rig) func() error {
		t.Helper()
		u, _ := r.fresh(ctx, t)
		k := r.byLink(r.mailed(ctx, t, kindCode, u))
		return func() error { _, err := r.SignIn(ctx, k); return err }
	})
}

// The password is hashed beforehand, or hashing would be what is waited for.
func TestOneResetManyHands(t *testing.T) {
	t.Parallel()
	var hash account.PasswordHash
	race(t, func(ctx context.Context, t *testing.T, r *rig) func() error {
		t.Helper()
		u, _ := r.fresh(ctx, t)
		if hash == (account.PasswordHash{}) {
			var err error
			if hash, err = r.account.NewPassword(ctx, u, newPassword); err != nil {
				t.Fatal(err)
			}
		}
		id := r.mailed(ctx, t, kindReset, u)
		return func() error { return r.reset(ctx, id, hash) }
	})
}

func TestOneConfirmationManyHands(t *testing.T) {
	t.Parallel()
	race(t, func(ctx context.Context, t *testing.T, r *rig) func() error {
		t.Helper()
		_, here := r.fresh(ctx, t)
		confirm, _ := r.moving(ctx, t, here, newEmail())
		return func() error { return r.ConfirmEmail(ctx, confirm) }
	})
}

func TestOneWayBackManyHands(t *testing.T) {
	t.Parallel()
	race(t, func(ctx context.Context, t *testing.T, r *rig) func() error {
		t.Helper()
		_, here := r.fresh(ctx, t)
		_, undo := r.moving(ctx, t, here, newEmail())
		return func() error { return r.UndoEmail(ctx, undo) }
	})
}

// Two different secrets of one person at once: neither waits for the other for
// ever, and the changes that end everything leave nothing open.
func TestDifferentSecretsAtOnce(t *testing.T) {
	t.Parallel()
	r := on(t, pgtest.New(t))
	ctx := t.Context()
	for range 50 {
		u, here := r.fresh(ctx, t)
		code, reset := r.mailed(ctx, t, kindCode, u), r.mailed(ctx, t, kindReset, u)
		confirm, undo := r.moving(ctx, t, here, newEmail())
		all := []func() error{
			func() error { _, err := r.SignIn(ctx, r.byCode(u, code)); return err },
			func() error { return r.reset(ctx, reset, account.PasswordHash{}) },
			func() error { return r.ConfirmEmail(ctx, confirm) },
			func() error { return r.UndoEmail(ctx, undo) },
		}
		results := make(chan error, len(all))
		for _, do := range all {
			go func() { results <- do() }()
		}
		for range all {
			if err := <-results; err != nil && fault.From(err) == nil {
				t.Fatal(err)
			}
		}
		open := `SELECT count(*) FROM secrets WHERE user_id = $1 AND used_at IS NULL AND expires_at > $2`
		if n := scalar[int](ctx, t, r.db, open, u.ID, r.clock.Now()); n != 0 {
			t.Fatalf("%d secrets are open", n)
		}
	}
}

// Her password is changed by somebody who knows it, and set anew by her while
// his is still being compared: hers stays.
func TestAResetDuringAChangeWins(t *testing.T) {
	t.Parallel()
	r := on(t, pgtest.New(t))
	ctx := t.Context()
	u := r.member(ctx, t, oldPassword)
	his, id := r.session(ctx, t, u.ID), r.mailed(ctx, t, kindReset, u)
	changed := make(chan error, 1)
	err := r.db.InTx(ctx, func(inside context.Context) error {
		if err := r.turnOf(inside, u.ID); err != nil {
			return err
		}
		go func() { changed <- r.ChangePassword(ctx, his, oldPassword, "another password of his") }()
		for scalar[int](ctx, t, r.db, `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`) == 0 {
			select {
			case err := <-changed:
				t.Fatalf("he did not wait: %v", err)
			case <-time.After(5 * time.Millisecond):
			}
		}
		return r.Reset(inside, r.resetToken(id), newPassword)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-changed; !errors.Is(err, account.ErrUnauthenticated) {
		t.Errorf("the change: %v", err)
	}
	if _, err := r.account.LogIn(ctx, u.Email, newPassword); err != nil {
		t.Errorf("with the password she chose: %v", err)
	}
}
