package account

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// Prove notes that whoever acts has just proved with a second factor who she
// is: what she owed is paid, and acts that need a fresh proof are open for
// Freshness. The caller has checked the proof, in the transaction of ctx.
// Fault: ErrUnauthenticated when her session has ended meanwhile.
func (a *Account) Prove(ctx context.Context, actor Actor) error {
	return a.noteProof(ctx, actor, true)
}

func (a *Account) noteProof(ctx context.Context, actor Actor, byFactor bool) error {
	return a.db.InTx(ctx, func(ctx context.Context) error {
		lives, err := a.prove(ctx, actor, byFactor, a.clock.Now())
		if err != nil {
			return err
		}
		if !lives {
			return ErrUnauthenticated
		}
		return a.audit(ctx, actor.ID, "session.prove", actor.ID, map[string]string{"session": actor.SessionID.String()})
	})
}

// ProvePassword notes a fresh proof by her password, for who has no second
// factor; it pays nothing that she owes. Faults: ErrProofWrong, ErrFactorOwed
// when she has one, ErrBusy, ErrUnauthenticated when her session or the
// password was over before that was done.
func (a *Account) ProvePassword(ctx context.Context, actor Actor, password string) error {
	if len(actor.Factors) > 0 {
		return ErrFactorOwed.By(actor.Factors...)
	}
	hash, ok, err := a.IsPassword(ctx, actor.ID, password)
	if err != nil {
		return err
	}
	if !ok {
		return ErrProofWrong
	}
	return a.db.InTx(ctx, func(ctx context.Context) error {
		if err := a.StillActs(ctx, actor, hash); err != nil {
			return err
		}
		return a.ProveAgain(ctx, actor, false)
	})
}

// ProveAgain notes that whoever acts has shown once more what she signs in
// with; full: in a way that stands for two factors. Checking that takes a
// while, so what she has by now is asked again: where she has got a second
// factor nothing else proves her, and of who runs the community a session that
// has shown two is not made fresh by one. Faults: ErrUnauthenticated,
// ErrFactorOwed, ErrProofWrong.
func (a *Account) ProveAgain(ctx context.Context, actor Actor, full bool) error {
	return a.db.InTx(ctx, func(ctx context.Context) error {
		u, ok, err := a.lockUser(ctx, actor.ID)
		switch {
		case err != nil:
			return err
		case !ok:
			return ErrUnauthenticated
		case len(u.Factors) > 0:
			return ErrFactorOwed.By(u.Factors...)
		case u.Staff() && actor.ByFactor && !full:
			return ErrProofWrong
		}
		return a.noteProof(ctx, actor, full)
	})
}

// IsPassword reports whether this is the password of a user, and gives what it
// was compared with, for StillActs: comparing takes a while. The caller has a
// budget for guesses. Fault: ErrBusy.
func (a *Account) IsPassword(ctx context.Context, userID uuid.UUID, password string) (PasswordHash, bool, error) {
	hash, err := a.passwordHash(ctx, userID)
	if err != nil {
		return PasswordHash{}, false, err
	}
	ok, _, err := a.passwords.verify(ctx, password, hash)
	return PasswordHash{hash}, ok, err
}

// StillActs asks again, in the transaction of ctx, what a slow comparison has
// left behind: that she has the password it was made with (the zero value:
// none) and that her session lives. Both stay so until the transaction ends.
// Faults: ErrUnauthenticated, whichever it is.
func (a *Account) StillActs(ctx context.Context, actor Actor, with PasswordHash) error {
	same, err := a.keepsHash(ctx, credentialsRow{actor.ID, with.phc})
	if err != nil {
		return err
	}
	lives, err := a.keepSession(ctx, actor, a.clock.Now())
	if err == nil && (!same || !lives) {
		err = ErrUnauthenticated
	}
	return err
}

// SetFactors says which kinds of second factor a user has from now on. With
// the first one her other sessions owe it. It joins the transaction in which
// the factor changed.
func (a *Account) SetFactors(ctx context.Context, actor Actor, kinds []string) error {
	kinds = slices.Compact(slices.Sorted(slices.Values(kinds)))
	return a.db.InTx(ctx, func(ctx context.Context) error {
		before, _, err := a.lockUser(ctx, actor.ID)
		if err != nil {
			return err
		}
		if len(before.Factors) == 0 && len(kinds) > 0 {
			if err := a.owe(ctx, actor.ID, actor.SessionID); err != nil {
				return err
			}
			if err := a.outbox.Revoke(ctx, actor.ID); err != nil {
				return err
			}
		}
		return a.setFactors(ctx, actor.ID, strings.Join(kinds, ","), a.clock.Now())
	})
}
