package factor

import (
	"context"
	"fmt"
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
)

// So many wrong codes in such a time, then the next one has to wait.
const (
	maxWrong = 5
	window   = 15 * time.Minute
)

// try runs check, which compares a code and does what it opens. A wrong code
// is counted, and this stays although a fault is returned. Faults: wrong,
// ErrTooManyTries, whatever check returns.
func (f *Factor) try(ctx context.Context, actor account.Actor, wrong *fault.Error, check func(context.Context) (bool, error)) error {
	if err := f.db.Outside(ctx); err != nil {
		return fmt.Errorf("try a code: a wrong one must be committed: %w", err)
	}
	var no *fault.Error
	err := f.db.InTx(ctx, func(ctx context.Context) error {
		now := f.clock.Now()
		seen, err := f.lock(ctx, actor.ID, now)
		if err != nil {
			return err
		}
		if seen.Wrong >= maxWrong {
			no = ErrTooManyTries.After(seen.Since.Add(window).Sub(now))
			return nil
		}
		ok, err := check(ctx)
		if err != nil || ok {
			return err
		}
		no = wrong
		return f.miss(ctx, actor, seen.Wrong+1)
	})
	if err == nil && no != nil {
		return no
	}
	return err
}

// miss counts a wrong code, and warns her when they become many: whoever typed
// them knows her password.
func (f *Factor) miss(ctx context.Context, actor account.Actor, wrong int) error {
	if err := f.countWrong(ctx, actor.ID); err != nil {
		return err
	}
	if wrong < maxWrong {
		return nil
	}
	return f.record(ctx, actor.ID, "factor.guess", nil, account.FactorGuessed)
}
