package account

import (
	"context"
	"errors"

	"github.com/google/uuid"
)

// Close shuts an account for good: nobody signs in to it any more, its
// sessions and streams end, its letters are not sent. What it holds stays for
// the erasure that follows; that the community was closed to it is remembered
// until that ends, and that its trial was used for two years. Closing it twice is no error.
func (a *Account) Close(ctx context.Context, userID uuid.UUID) error {
	return a.db.InTx(ctx, func(ctx context.Context) error {
		now := a.clock.Now()
		if err := errors.Join(a.rememberClosed(ctx, userID, now), a.rememberTrial(ctx, userID, now)); err != nil {
			return err
		}
		if err := a.closeUser(ctx, userID, now); err != nil {
			return err
		}
		return a.EndSessions(ctx, userID, uuid.Nil, EndedByErasure)
	})
}
