package admin

import (
	"context"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
)

// SignOut ends every session of a member, whose account stays open: her next
// requests are refused, her streams end, she signs in anew. It is recorded and
// she is told by mail. For admins (the edge has asked). Fault:
// fault.ErrNotFound.
func (a *Admin) SignOut(ctx context.Context, member uuid.UUID) error {
	return a.db.InTx(ctx, func(ctx context.Context) error {
		if _, err := a.Account.StandingOf(ctx, member); err != nil {
			return err
		}
		if err := a.Account.EndSessions(ctx, member, uuid.Nil, account.EndedByAdmin); err != nil {
			return err
		}
		return a.Account.Tell(ctx, member, account.SignedOut)
	})
}
