package account

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// sessionRow is a session: a family of refresh tokens of which one is
// current.
type sessionRow struct {
	ID            uuid.UUID
	UserID        uuid.UUID
	Generation    int64
	RotatedAt     time.Time
	IdleExpiresAt time.Time
	ExpiresAt     time.Time
	Live          bool // not revoked, and its user may sign in
}

type liveRow struct {
	Verified bool
	Roles    string
}

const (
	insertSessionSQL = `INSERT INTO sessions (id, user_id, generation, rotated_at, created_at, idle_expires_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)`
	capSessionsSQL   = `UPDATE sessions SET revoked_at = ?, revoked_reason = 'cap'
WHERE user_id = ? AND revoked_at IS NULL AND id NOT IN (
    SELECT id FROM sessions WHERE user_id = ? AND revoked_at IS NULL AND idle_expires_at > ? AND expires_at > ?
    ORDER BY created_at DESC, id DESC LIMIT ?) RETURNING id`
	liveSessionSQL = `SELECT u.email_verified_at IS NOT NULL AS verified, ` + rolesSQL + `
FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.id = ? AND s.user_id = ? AND s.revoked_at IS NULL AND s.idle_expires_at > ? AND s.expires_at > ? AND u.state = 'active'`
	sessionSQL = `SELECT s.id AS session_id, s.user_id, s.generation, s.rotated_at, s.idle_expires_at, s.expires_at,
    s.revoked_at IS NULL AND u.state = 'active' AS live,
    u.id, u.email, u.email_verified_at IS NOT NULL AS verified, u.display_name, u.time_zone, u.version, u.created_at, ` + rolesSQL + `
FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = ?`
	rotateSessionSQL = `UPDATE sessions SET generation = ?, rotated_at = ?, idle_expires_at = ?
WHERE id = ? AND generation = ? AND revoked_at IS NULL RETURNING id`
	revokeSessionSQL = `UPDATE sessions SET revoked_at = ?, revoked_reason = ? WHERE id = ? AND revoked_at IS NULL RETURNING user_id AS id`
	revokeAllSQL     = `UPDATE sessions SET revoked_at = ?, revoked_reason = ? WHERE user_id = ? AND revoked_at IS NULL`
)

func (a *Account) insertSession(ctx context.Context, s sessionRow, now, expires time.Time) error {
	return a.exec(ctx, "insert a session", insertSessionSQL, s.ID, s.UserID, s.Generation, now, now, s.IdleExpiresAt, expires)
}

// capSessions ends the oldest live sessions beyond the twentieth.
func (a *Account) capSessions(ctx context.Context, userID uuid.UUID, now time.Time) (int, error) {
	rows, err := many[idRow](ctx, a.db, "cap sessions", capSessionsSQL, now, userID, userID, now, now, maxSessions)
	return len(rows), err
}

func (a *Account) liveSession(ctx context.Context, user, session uuid.UUID, now time.Time) (liveRow, bool, error) {
	return one[liveRow](ctx, a.db, "look up a session", liveSessionSQL, session, user, now, now)
}

// session gives zero values for one that never was.
func (a *Account) session(ctx context.Context, id uuid.UUID) (sessionRow, User, error) {
	type both struct {
		SessionID     uuid.UUID
		UserID        uuid.UUID
		Generation    int64
		RotatedAt     time.Time
		IdleExpiresAt time.Time
		ExpiresAt     time.Time
		Live          bool
		Owner         userRow `gorm:"embedded"`
	}
	row, _, err := one[both](ctx, a.db, "read a session", sessionSQL, id)
	s := sessionRow{row.SessionID, row.UserID, row.Generation, row.RotatedAt, row.IdleExpiresAt, row.ExpiresAt, row.Live}
	return s, row.Owner.user(), err
}

// rotateSession is false when somebody else was faster.
func (a *Account) rotateSession(ctx context.Context, s sessionRow, now time.Time) (bool, error) {
	_, ok, err := one[idRow](ctx, a.db, "rotate a session", rotateSessionSQL, s.Generation, now, s.IdleExpiresAt, s.ID, s.Generation-1)
	return ok, err
}

// revokeSession gives whose it was; uuid.Nil when it was over.
func (a *Account) revokeSession(ctx context.Context, id uuid.UUID, reason string, now time.Time) (uuid.UUID, error) {
	row, _, err := one[idRow](ctx, a.db, "revoke a session", revokeSessionSQL, now, reason, id)
	return row.ID, err
}

func (a *Account) revokeSessions(ctx context.Context, userID uuid.UUID, reason string, now time.Time) error {
	return a.exec(ctx, "revoke sessions", revokeAllSQL, now, reason, userID)
}
