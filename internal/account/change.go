package account

import (
	"context"

	"github.com/google/uuid"
)

// PasswordHash is a password that was checked and hashed. The zero value is
// no password: nobody signs in with it.
type PasswordHash struct{ phc string }

// NewPassword checks a password that somebody chooses and hashes it, which is
// too slow for a transaction. Faults: invalid at /password, ErrBusy.
func (a *Account) NewPassword(ctx context.Context, u User, password string) (PasswordHash, error) {
	if err := a.passwords.check(password, u.Email, u.DisplayName); err != nil {
		return PasswordHash{}, err
	}
	phc, err := a.passwords.hash(ctx, password)
	return PasswordHash{phc}, err
}

// SetPassword gives somebody another password, or takes it away. The caller
// ends her sessions afterwards in the same transaction, in which nobody else
// can sign in to her account.
func (a *Account) SetPassword(ctx context.Context, userID uuid.UUID, h PasswordHash) error {
	return a.setPassword(ctx, userID, h.phc, a.clock.Now())
}

// ByEmail gives whoever may sign in with a confirmed address; false when that
// is nobody. What it answers must not be seen by who asked: it is for jobs.
func (a *Account) ByEmail(ctx context.Context, key string) (User, bool, error) {
	id, err := a.confirmedUser(ctx, key)
	if err != nil || id == uuid.Nil {
		return User{}, false, err
	}
	return a.user(ctx, id)
}

// ByID gives somebody who may sign in; false for everybody else.
func (a *Account) ByID(ctx context.Context, id uuid.UUID) (User, bool, error) { return a.user(ctx, id) }

// SetEmail gives somebody another address, which is confirmed: she has shown
// that it is hers. Faults: invalid at /email, ErrEmailTaken.
func (a *Account) SetEmail(ctx context.Context, userID uuid.UUID, email string) error {
	key, err := emailKey(email)
	if err != nil {
		return err
	}
	return a.setEmail(ctx, userID, email, key, a.clock.Now())
}
