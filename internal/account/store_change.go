package account

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

const (
	// Whoever had the password before may have made devices known with it.
	setPasswordSQL = `UPDATE users SET password_hash = nullif(?, ''), devices_since = ?, updated_at = ? WHERE id = ? AND state <> 'deleted'`
	// Locked until the session is there: a change that comes later ends it.
	keepsHashSQL   = `SELECT id FROM users WHERE id = ? AND coalesce(password_hash, '') = ? FOR NO KEY UPDATE`
	keepSessionSQL = `SELECT id FROM sessions WHERE id = @session AND user_id = @user AND revoked_at IS NULL
    AND idle_expires_at > @now AND expires_at > @now FOR NO KEY UPDATE`
	// Where a session that was there before still lives she has kept its device.
	stillKnownSQL = `SELECT u.id FROM users u WHERE u.email_key = @key AND (u.devices_since IS NULL OR u.devices_since < @since
    OR EXISTS (SELECT FROM sessions s WHERE s.id = @session AND s.user_id = u.id AND s.revoked_at IS NULL))`
	setEmailSQL      = `UPDATE users SET email = ?, email_key = ?, email_verified_at = ?, version = version + 1, updated_at = ? WHERE id = ? AND state <> 'deleted'`
	confirmedUserSQL = `SELECT id FROM users WHERE email_key = ? AND email_verified_at IS NOT NULL AND state = 'active'`
)

func (a *Account) setPassword(ctx context.Context, id uuid.UUID, phc string, now time.Time) error {
	return a.exec(ctx, "set a password", setPasswordSQL, phc, now, now, id)
}

// keepsHash reports whether a password hash is still the one of its user.
func (a *Account) keepsHash(ctx context.Context, c credentialsRow) (bool, error) {
	_, ok, err := pg.One[idRow](ctx, a.db, "look whether a password is still the same", keepsHashSQL, c.ID, c.PasswordHash)
	return ok, err
}

// keepSession reports whether a session still lives, and keeps it from ending
// before the transaction does.
func (a *Account) keepSession(ctx context.Context, who Actor, now time.Time) (bool, error) {
	_, ok, err := pg.One[idRow](ctx, a.db, "keep a session", keepSessionSQL, sql.Named("session", who.SessionID), sql.Named("user", who.ID), sql.Named("now", now))
	return ok, err
}

// stillKnown reports whether the session of a device was not shut out.
func (a *Account) stillKnown(ctx context.Context, key string, session uuid.UUID, since time.Time) (bool, error) {
	_, ok, err := pg.One[idRow](ctx, a.db, "look whether a device is still known", stillKnownSQL, sql.Named("key", key),
		sql.Named("session", session), sql.Named("since", since))
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
	row, _, err := pg.One[idRow](ctx, a.db, "look up a confirmed address", confirmedUserSQL, key)
	return row.ID, err
}
