package factor

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

const (
	period   = 30 // seconds of a step (RFC 6238, section 5.2)
	drift    = 1  // steps that her clock may be off
	setUpTTL = 15 * time.Minute
)

var errCode = fault.InvalidField("/code", "code-wrong", "This is not the code that your app shows now. Please try the next one.")

// Enrolment is an authenticator being set up. The secret is shown this once.
type Enrolment struct {
	Secret    string // base32, to type
	URI       string // otpauth://, to show as a QR code
	ExpiresAt time.Time
}

// BeginTOTP gives whoever acts the secret of a new authenticator, which counts
// when it is confirmed. One that was begun before is forgotten.
func (f *Factor) BeginTOTP(ctx context.Context, actor account.Actor) (Enrolment, error) {
	me, err := f.account.Me(ctx, actor)
	if err != nil {
		return Enrolment{}, err
	}
	secret := make([]byte, secretBytes)
	_, _ = rand.Read(secret) // it never fails; it ends the program instead
	key, err := totp.Generate(totp.GenerateOpts{Issuer: f.issuer, AccountName: me.Email, Secret: secret, Period: period})
	if err != nil {
		return Enrolment{}, fmt.Errorf("write the address of an authenticator: %w", err)
	}
	id, now := pg.NewID(), f.clock.Now()
	err = f.db.InTx(ctx, func(ctx context.Context) error {
		return f.insertTOTP(ctx, id, actor.ID, f.seal.close(id, actor.ID, secret), now)
	})
	return Enrolment{Secret: key.Secret(), URI: key.URL(), ExpiresAt: now.Add(setUpTTL)}, err
}

// ConfirmTOTP takes the first code of the authenticator that was begun: from
// now on it is her second factor, in place of the one before, and this session
// has proved it. Her other sessions owe it when it is the first. It is told by
// mail. Faults: code-wrong at /code, ErrTooManyTries.
func (f *Factor) ConfirmTOTP(ctx context.Context, actor account.Actor, code string) (set Set, err error) {
	err = f.try(ctx, actor, errCode, func(ctx context.Context) (bool, error) {
		now := f.clock.Now()
		row, ok, err := f.begunTOTP(ctx, actor.ID, now.Add(-setUpTTL))
		if err != nil || !ok {
			return false, err
		}
		step, ok, err := f.step(row, code, now)
		if err != nil || !ok {
			return false, err
		}
		if err := f.confirmTOTP(ctx, row, step, now); err != nil {
			return false, err
		}
		set, err = f.added(ctx, actor, account.ByTOTP, row.ID)
		return true, err
	})
	return set, err
}

// added is what follows from a new factor.
func (f *Factor) added(ctx context.Context, actor account.Actor, kind string, id uuid.UUID) (Set, error) {
	set, err := f.announce(ctx, actor)
	if err != nil {
		return set, err
	}
	if err := f.account.Prove(ctx, actor); err != nil {
		return set, err
	}
	return set, f.record(ctx, actor.ID, "factor.add", map[string]string{"kind": kind, "factor": id.String()}, account.FactorAdded)
}

// ProveTOTP pays what the session of whoever acts owes and makes it fresh, by
// a code of her authenticator. Each code works once. Faults:
// account.ErrProofWrong, ErrTooManyTries.
func (f *Factor) ProveTOTP(ctx context.Context, actor account.Actor, code string) error {
	return f.try(ctx, actor, account.ErrProofWrong, func(ctx context.Context) (bool, error) {
		now := f.clock.Now()
		row, ok, err := f.confirmedTOTP(ctx, actor.ID)
		if err != nil || !ok {
			return false, err
		}
		step, ok, err := f.step(row, code, now)
		if err != nil || !ok {
			return false, err
		}
		if ok, err = f.takeStep(ctx, row.ID, step, now); err != nil || !ok {
			return false, err
		}
		return true, f.account.Prove(ctx, actor)
	})
}

// RemoveTOTP takes the authenticator of whoever acts away, and its recovery
// codes if nothing else is left. It is told by mail. Faults:
// fault.ErrNotFound, ErrNeeded.
func (f *Factor) RemoveTOTP(ctx context.Context, actor account.Actor) error {
	return f.change(ctx, actor, func(ctx context.Context) error {
		before, err := f.set(ctx, actor)
		if err != nil {
			return err
		}
		if before.TOTP == nil {
			return fault.ErrNotFound
		}
		if err := mayRemove(before); err != nil {
			return err
		}
		if err := f.deleteTOTP(ctx, actor.ID); err != nil {
			return err
		}
		return f.removed(ctx, actor, before, account.ByTOTP)
	})
}

// removed is what follows from a factor that is gone.
func (f *Factor) removed(ctx context.Context, actor account.Actor, before Set, kind string) error {
	if last(before) {
		if err := f.deleteRecoveryCodes(ctx, actor.ID); err != nil {
			return err
		}
	}
	return f.record(ctx, actor.ID, "factor.remove", map[string]string{"kind": kind}, account.FactorRemoved)
}

// step finds the time step of a code, among those near now.
func (f *Factor) step(row totpRow, code string, now time.Time) (step int64, ok bool, err error) {
	secret, err := f.seal.open(row.ID, row.UserID, row.Secret)
	if err != nil {
		return 0, false, err
	}
	text := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
	at := now.Unix() / period
	for s := at - drift; s <= at+drift; s++ {
		want, err := hotp.GenerateCode(text, uint64(s)) //nolint:gosec // steps count up from 1970
		if err != nil {
			return 0, false, fmt.Errorf("compute a code: %w", err)
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			step, ok = s, true
		}
	}
	return step, ok, nil
}
