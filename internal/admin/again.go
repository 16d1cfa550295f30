package admin

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
)

// ErasedWhileClosed is why the community is closed to a new account, and what
// its owner is told.
const (
	ErasedWhileClosed = "It was closed to an account with this address, which was erased meanwhile."
	stillClosed       = "The community was closed to you when you had your last account erased, and that is still so."
)

// Closed says whether the community is closed to somebody, and until when; nil:
// until she is let in again.
func (a *Admin) Closed(ctx context.Context, member uuid.UUID) (closed bool, until *time.Time, err error) {
	bans, err := a.Membership.Bans(ctx, member)
	for i, b := range bans {
		if i == 0 || until != nil && (b.EndsAt == nil || b.EndsAt.After(*until)) {
			closed, until = true, b.EndsAt
		}
	}
	return closed, until, err
}

// KeepClosed closes the community to somebody who has made a new account, as it
// was closed to the one that she had erased, and tells her by mail. An
// administrator lets her in again with Restore, as anybody else.
func (a *Admin) KeepClosed(ctx context.Context, member uuid.UUID, until *time.Time) error {
	return a.db.InTx(ctx, func(ctx context.Context) error {
		s, err := a.ban(ctx, account.Actor{}, membership.Ban{UserID: member, Reason: ErasedWhileClosed, Told: stillClosed, EndsAt: until})
		if err != nil {
			return err
		}
		return a.queue.Enqueue(ctx, closedMail{ID: s.ID, UserID: member})
	})
}
