package account

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

const (
	setPasswordSQL = `UPDATE users SET password_hash = nullif(?, ''), updated_at = ? WHERE id = ? AND state <> 'deleted'`
	// Locked until the session is there: a change that comes later ends it.
	keepsHashSQL     = `SELECT id FROM users WHERE id = ? AND password_hash = ? FOR NO KEY UPDATE`
	setEmailSQL      = `UPDATE users SET email = ?, email_key = ?, email_verified_at = ?, version = version + 1, updated_at = ? WHERE id = ? AND state <> 'deleted'`
	confirmedUserSQL = `SELECT id FROM users WHERE email_key = ? AND email_verified_at IS NOT NULL AND state = 'active'`
)

func (a *Account) setPassword(ctx context.Context, id uuid.UUID, phc string, now time.Time) error {
	return a.exec(ctx, "set a password", setPasswordSQL, phc, now, id)
}

// keepsHash reports whether a password hash is still the one of its user.
func (a *Account) keepsHash(ctx context.Context, c credentialsRow) (bool, error) {
	_, ok, err := one[idRow](ctx, a.db, "look whether a password is still the same", keepsHashSQL, c.ID, c.PasswordHash)
	return ok, err
}

func (a *Account) setEmail(ctx context.Context, id uuid.UUID, email, key string, now time.Time) error {
	err := a.exec(ctx, "set an address", setEmailSQL, email, key, now, now, id)
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return ErrEmailTaken
	}
	return err
}

// confirmedUser is uuid.Nil for nobody.
func (a *Account) confirmedUser(ctx context.Context, key string) (uuid.UUID, error) {
	row, _, err := one[idRow](ctx, a.db, "look up a confirmed address", confirmedUserSQL, key)
	return row.ID, err
}
