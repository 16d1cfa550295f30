package account

import (
	"context"
	"database/sql"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// sessionRow is a session: a family of refresh tokens of which one is
// current.
type sessionRow struct {
	ID             uuid.UUID
	UserID         uuid.UUID
	Generation     int64
	SeenGeneration int64 // the latest of which a key came back to us
	RotatedAt      time.Time
	IdleExpiresAt  time.Time
	ExpiresAt      time.Time
	Proved         bool // she has shown all that was asked then
	ByFactor       bool // a second factor was among it
	Live           bool // not revoked, and its user may sign in
}

type liveRow struct {
	Verified bool
	Roles    string
	Factors  string
	ProvedAt sql.Null[time.Time]
	ByFactor bool
}

func (s sessionRow) owes(u User) bool {
	return len(u.Factors) > 0 && !s.Proved || u.Staff() && !s.ByFactor
}

// seenEvery is how exact the time is at which a session was last seen.
const seenEvery = 5 * time.Minute

const (
	insertSessionSQL = `INSERT INTO sessions (id, user_id, generation, rotated_at, created_at, idle_expires_at, expires_at,
    device, network, way, last_seen_at, proved_at, proved_by_factor) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	// Beside the newest, those stay first that owe nothing: else whoever knows
	// a password could push her out with sessions that open nothing.
	capSessionsSQL = `UPDATE sessions SET revoked_at = @now, revoked_reason = 'cap'
WHERE user_id = @user AND revoked_at IS NULL AND id NOT IN (
    SELECT id FROM sessions WHERE user_id = @user AND revoked_at IS NULL AND idle_expires_at > @now AND expires_at > @now
    ORDER BY id = @newest DESC, proved_at IS NULL, created_at DESC, id DESC LIMIT @most) RETURNING id`
	// It notes that the keys of a generation have arrived, and about when she
	// was here; most of the time that is known already and nothing is written.
	liveSessionSQL = `WITH seen AS (
    UPDATE sessions SET last_seen_at = @now, seen_generation = greatest(seen_generation, @generation)
    WHERE id = @session AND user_id = @user AND revoked_at IS NULL AND (seen_generation < @generation OR last_seen_at < @stale)
)
SELECT u.email_verified_at IS NOT NULL AS verified, u.factors, s.proved_at, s.proved_by_factor AS by_factor, ` + rolesSQL + `
FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.id = @session AND s.user_id = @user AND s.revoked_at IS NULL AND s.idle_expires_at > @now AND s.expires_at > @now AND u.state = 'active'`
	sessionSQL = `SELECT s.id AS session_id, s.user_id, s.generation, s.seen_generation, s.rotated_at, s.idle_expires_at, s.expires_at,
    s.proved_at IS NOT NULL AS proved, s.proved_by_factor AS by_factor, s.revoked_at IS NULL AND u.state = 'active' AS live,
    u.id, u.email, u.email_verified_at IS NOT NULL AS verified, u.display_name, u.time_zone, u.factors, u.version, u.created_at, ` + rolesSQL + `
FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = @id`
	rotateSessionSQL = `UPDATE sessions SET generation = ?, seen_generation = ?, rotated_at = ?, last_seen_at = ?, idle_expires_at = ?,
    device = coalesce(nullif(?, ''), device), network = coalesce(nullif(?, ''), network)
WHERE id = ? AND generation = ? AND revoked_at IS NULL RETURNING id`
	revokeSessionSQL = `UPDATE sessions SET revoked_at = ?, revoked_reason = ? WHERE id = ? AND revoked_at IS NULL RETURNING user_id AS id`
	revokeAllSQL     = `UPDATE sessions SET revoked_at = ?, revoked_reason = ? WHERE user_id = ? AND id <> ? AND revoked_at IS NULL`
	devicesSQL       = `SELECT id, device, network, way, created_at, coalesce(last_seen_at, created_at) AS last_seen_at FROM sessions
WHERE user_id = ? AND revoked_at IS NULL AND idle_expires_at > ? AND expires_at > ? ORDER BY last_seen_at DESC, id DESC`
	proveSQL      = `UPDATE sessions SET proved_at = ?, proved_by_factor = ? WHERE id = ? AND user_id = ? AND revoked_at IS NULL RETURNING id`
	oweSQL        = `UPDATE sessions SET proved_at = NULL, proved_by_factor = false WHERE user_id = ? AND id <> ? AND revoked_at IS NULL`
	setFactorsSQL = `UPDATE users SET factors = ?, updated_at = ? WHERE id = ?`
)

func (a *Account) insertSession(ctx context.Context, s sessionRow, by Proof, now time.Time) error {
	from := clientFrom(ctx)
	return a.exec(ctx, "insert a session", insertSessionSQL, s.ID, s.UserID, s.Generation, s.RotatedAt, now, s.IdleExpiresAt, s.ExpiresAt,
		from.Device, from.Network, by.Way, now, sql.Null[time.Time]{V: by.at(now), Valid: s.Proved}, s.ByFactor)
}

// capSessions ends live sessions beyond the twentieth: those that wait for a
// second factor, then the oldest. It gives those that it ended.
func (a *Account) capSessions(ctx context.Context, userID, newest uuid.UUID, now time.Time) ([]idRow, error) {
	return pg.Many[idRow](ctx, a.db, "cap sessions", capSessionsSQL, sql.Named("now", now), sql.Named("user", userID),
		sql.Named("newest", newest), sql.Named("most", maxSessions))
}

func (a *Account) liveSession(ctx context.Context, who Actor, now time.Time) (liveRow, bool, error) {
	return pg.One[liveRow](ctx, a.db, "look up a session", liveSessionSQL, sql.Named("session", who.SessionID), sql.Named("user", who.ID),
		sql.Named("generation", who.generation), sql.Named("now", now), sql.Named("stale", now.Add(-seenEvery)))
}

// session gives zero values for one that never was.
func (a *Account) session(ctx context.Context, id uuid.UUID) (sessionRow, User, error) {
	type both struct {
		SessionID      uuid.UUID
		UserID         uuid.UUID
		Generation     int64
		SeenGeneration int64
		RotatedAt      time.Time
		IdleExpiresAt  time.Time
		ExpiresAt      time.Time
		Proved         bool
		ByFactor       bool
		Live           bool
		Owner          userRow `gorm:"embedded"`
	}
	row, _, err := pg.One[both](ctx, a.db, "read a session", sessionSQL, sql.Named("id", id), sql.Named("now", a.clock.Now()))
	s := sessionRow{
		row.SessionID, row.UserID, row.Generation, row.SeenGeneration, row.RotatedAt, row.IdleExpiresAt, row.ExpiresAt, row.Proved, row.ByFactor, row.Live,
	}
	return s, row.Owner.user(), err
}

// rotateSession is false when somebody else was faster.
func (a *Account) rotateSession(ctx context.Context, s sessionRow, now time.Time) (bool, error) {
	from := clientFrom(ctx)
	_, ok, err := pg.One[idRow](ctx, a.db, "rotate a session", rotateSessionSQL, s.Generation, s.SeenGeneration, now, now, s.IdleExpiresAt,
		from.Device, from.Network, s.ID, s.Generation-1)
	return ok, err
}

// revokeSession gives whose it was; uuid.Nil when it was over.
func (a *Account) revokeSession(ctx context.Context, id uuid.UUID, reason string, now time.Time) (uuid.UUID, error) {
	row, _, err := pg.One[idRow](ctx, a.db, "revoke a session", revokeSessionSQL, now, reason, id)
	return row.ID, err
}

// revokeSessions spares one; uuid.Nil spares none.
func (a *Account) revokeSessions(ctx context.Context, userID, except uuid.UUID, reason string, now time.Time) error {
	return a.exec(ctx, "revoke sessions", revokeAllSQL, now, reason, userID, except)
}

func (a *Account) devices(ctx context.Context, userID uuid.UUID, now time.Time) ([]Device, error) {
	return pg.Many[Device](ctx, a.db, "list sessions", devicesSQL, userID, now, now)
}

// prove is false when the session has ended.
func (a *Account) prove(ctx context.Context, who Actor, byFactor bool, now time.Time) (bool, error) {
	_, ok, err := pg.One[idRow](ctx, a.db, "note a proof", proveSQL, now, byFactor, who.SessionID, who.ID)
	return ok, err
}

func (a *Account) owe(ctx context.Context, userID, except uuid.UUID) error {
	return a.exec(ctx, "ask sessions for a second factor", oweSQL, userID, except)
}

func (a *Account) setFactors(ctx context.Context, userID uuid.UUID, factors string, now time.Time) error {
	return a.exec(ctx, "note second factors", setFactorsSQL, factors, now, userID)
}
