package account

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// EmailKey gives what makes two addresses the same mailbox for us. Fault:
// invalid, at /email.
func EmailKey(address string) (string, error) { return emailKey(address) }

// Newcomer is somebody who may have an account at once, because her address
// is proved: her values are checked and her password is hashed.
type Newcomer struct{ user newUser }

// Prepare checks what somebody gives whose address is proved, and hashes her
// password, which is too slow for a transaction. Faults: invalid values,
// ErrBusy.
func (a *Account) Prepare(ctx context.Context, n NewSignup) (Newcomer, error) {
	key, err := emailKey(n.Email)
	if err != nil {
		return Newcomer{}, err
	}
	name, err := displayName(n.DisplayName)
	if err != nil {
		return Newcomer{}, err
	}
	if err := a.passwords.check(n.Password, n.Email, name); err != nil {
		return Newcomer{}, err
	}
	hash, err := a.passwords.hash(ctx, n.Password)
	if err != nil {
		return Newcomer{}, err
	}
	now := a.clock.Now()
	return Newcomer{newUser{
		ID: pg.NewID(), Email: n.Email, EmailKey: key, PasswordHash: &hash, DisplayName: name, CreatedAt: now, VerifiedAt: now,
	}}, nil
}

// Admit makes the account of a newcomer and starts her first session. It joins
// the transaction of ctx, in which the proof of her address was used up.
// Fault: ErrEmailTaken.
func (a *Account) Admit(ctx context.Context, n Newcomer, by Proof) (s Session, err error) {
	err = a.db.InTx(ctx, func(ctx context.Context) error {
		if err := a.insertJoined(ctx, n.user); err != nil {
			return err
		}
		s, _, err = a.SignIn(ctx, n.user.ID, by) // she may: it was made a moment ago
		return err
	})
	return s, err
}

// joinedBy tells whoever keeps invitations that the sign-up that came with one
// was confirmed.
func (a *Account) joinedBy(ctx context.Context, userID, invitationID uuid.UUID) error {
	if invitationID == uuid.Nil || a.inviter == nil {
		return nil
	}
	if err := a.inviter.Joined(ctx, userID, invitationID); err != nil {
		return fmt.Errorf("redeem the invitation of a sign-up: %w", err)
	}
	return nil
}
