package account

import (
	"context"

	"github.com/google/uuid"
)

// Close shuts an account for good: nobody signs in to it any more, its
// sessions and streams end, its letters are not sent. What it holds stays for
// the erasure that follows. Closing it twice is no error.
func (a *Account) Close(ctx context.Context, userID uuid.UUID) error {
	return a.db.InTx(ctx, func(ctx context.Context) error {
		if err := a.closeUser(ctx, userID, a.clock.Now()); err != nil {
			return err
		}
		return a.EndSessions(ctx, userID, uuid.Nil, EndedByErasure)
	})
}
