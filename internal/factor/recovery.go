package factor

import (
	"context"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

const recoveryCodes = 10

// MakeRecoveryCodes gives whoever acts ten new codes, each of which stands in
// for her second factor once. They are shown this once, and those before are
// worth nothing any more. It is told by mail. Fault: ErrMissing without a
// second factor.
func (f *Factor) MakeRecoveryCodes(ctx context.Context, actor account.Actor) ([]string, error) {
	codes := make([]string, recoveryCodes)
	err := f.change(ctx, actor, func(ctx context.Context) error {
		set, err := f.set(ctx, actor)
		if err != nil {
			return err
		}
		if proofs(set) == 0 {
			return ErrMissing
		}
		if err := f.deleteRecoveryCodes(ctx, actor.ID); err != nil {
			return err
		}
		ids := make([]uuid.UUID, recoveryCodes)
		for i := range ids {
			ids[i] = pg.NewID()
			codes[i] = grouped(f.seal.recoveryCode(ids[i], actor.ID))
		}
		if err := f.insertRecoveryCodes(ctx, actor.ID, ids, f.clock.Now()); err != nil {
			return err
		}
		return f.record(ctx, actor.ID, "factor.recovery-codes", nil, account.RecoveryCodesMade)
	})
	return codes, err
}

// ProveRecoveryCode pays what the session of whoever acts owes and makes it
// fresh, by one of her recovery codes, which is spent. It is told by mail.
// Faults: account.ErrProofWrong, ErrTooManyTries.
func (f *Factor) ProveRecoveryCode(ctx context.Context, actor account.Actor, code string) error {
	return f.try(ctx, actor, account.ErrProofWrong, func(ctx context.Context) (bool, error) {
		id, err := f.findRecoveryCode(ctx, actor.ID, ungrouped(code))
		if err != nil || id == uuid.Nil {
			return false, err
		}
		ok, err := f.useRecoveryCode(ctx, id, f.clock.Now())
		if err != nil || !ok {
			return false, err
		}
		if _, err := f.announce(ctx, actor); err != nil { // it may have been the last
			return false, err
		}
		if err := f.account.Prove(ctx, actor); err != nil {
			return false, err
		}
		return true, f.record(ctx, actor.ID, "factor.recovery-code-use", map[string]string{"code": id.String()}, account.RecoveryCodeUsed)
	})
}

// findRecoveryCode compares with all that are left, in the same time.
func (f *Factor) findRecoveryCode(ctx context.Context, user uuid.UUID, code string) (uuid.UUID, error) {
	ids, err := f.recoveryCodes(ctx, user)
	found := uuid.Nil
	for _, id := range ids {
		if f.seal.isRecoveryCode(id, user, code) {
			found = id
		}
	}
	return found, err
}
