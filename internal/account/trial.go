package account

import (
	"context"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Trials knows who has had the trial that everybody has once. Both are asked
// in the transaction of ctx, in which her row is locked or new.
type Trials interface {
	HadTrial(ctx context.Context, userID uuid.UUID) (bool, error)
	SpendTrial(ctx context.Context, userID uuid.UUID, at time.Time) error
}

// trialFor is how long an address is remembered that had its trial: long
// enough that leaving and coming back is no way to a second one, and no
// longer. It is a keyed hash, which leads to nobody.
const trialFor = 2 * 365 * 24 * time.Hour

// rememberTrial keeps, for an account that is about to be erased, that whoever
// has its address has had her trial.
func (a *Account) rememberTrial(ctx context.Context, userID uuid.UUID, now time.Time) error {
	if a.trials == nil {
		return nil
	}
	had, err := a.trials.HadTrial(ctx, userID)
	if err != nil {
		return fmt.Errorf("ask whether somebody had her trial: %w", err)
	}
	if !had {
		return nil
	}
	s, ok, err := a.standing(ctx, userID, now)
	if err != nil || !ok {
		return err
	}
	key, err := emailKey(s.Email)
	if err != nil {
		return nil //nolint:nilerr // an address of long ago, which nobody can sign up with
	}
	return a.insertTrial(ctx, a.trialHashes(key)[0], now.Add(trialFor))
}

// stillSpent remembers of a new account that its address has had the trial.
func (a *Account) stillSpent(ctx context.Context, u newUser) error {
	if a.trials == nil {
		return nil
	}
	now := a.clock.Now()
	had, err := a.trialAddress(ctx, a.trialHashes(u.EmailKey), now)
	if err != nil || !had {
		return err
	}
	if err := a.trials.SpendTrial(ctx, u.ID, now); err != nil {
		return fmt.Errorf("remember that somebody had her trial: %w", err)
	}
	return nil
}

// trialHashes are made as closedHashes are, for another purpose.
func (a *Account) trialHashes(emailKey string) []string {
	const purpose = "trial-address"
	all := []string{base64.RawURLEncoding.EncodeToString(a.mac(purpose, []byte(emailKey)))}
	if a.previous != nil {
		all = append(all, base64.RawURLEncoding.EncodeToString(derive(a.previous, purpose, []byte(emailKey))))
	}
	return all
}
