package membership

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

const grantColumns = `id, user_id, kind, level, starts_at, ends_at, reason, granted_by, created_at, revoked_at, revoked_because, reminded_at`

func (s store) insertGrant(ctx context.Context, g Grant) error {
	const sql = `INSERT INTO grants (id, user_id, kind, level, starts_at, ends_at, reason, granted_by, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`
	return s.exec(ctx, "insert a grant", sql, g.ID, g.UserID, g.Kind, g.Level, g.StartsAt, g.EndsAt, g.Reason, g.GrantedBy, g.CreatedAt)
}

func (s store) grant(ctx context.Context, id uuid.UUID) (Grant, bool, error) {
	return pg.One[Grant](ctx, s.db, "read a grant", `SELECT `+grantColumns+` FROM grants WHERE id = ?`, id)
}

func (s store) grants(ctx context.Context, userID uuid.UUID) ([]Grant, error) {
	const sql = `SELECT ` + grantColumns + ` FROM grants WHERE user_id = ? ORDER BY created_at DESC, id DESC`
	return pg.Many[Grant](ctx, s.db, "list the grants of a member", sql, userID)
}

// runningGrants are not over; some may not have begun.
func (s store) runningGrants(ctx context.Context, userID uuid.UUID, now time.Time) ([]Grant, error) {
	const sql = `SELECT ` + grantColumns + ` FROM grants
		WHERE user_id = ? AND revoked_at IS NULL AND (ends_at IS NULL OR ends_at > ?) ORDER BY starts_at, id`
	return pg.Many[Grant](ctx, s.db, "read the running grants of a member", sql, userID, now)
}

// revokeGrant is false when it is over already.
func (s store) revokeGrant(ctx context.Context, id uuid.UUID, because string, now time.Time) (Grant, bool, error) {
	const sql = `UPDATE grants SET revoked_at = ?, revoked_because = ?
		WHERE id = ? AND revoked_at IS NULL AND (ends_at IS NULL OR ends_at > ?) RETURNING ` + grantColumns
	return pg.One[Grant](ctx, s.db, "end a grant", sql, now, because, id, now)
}

func (s store) setGrantEnd(ctx context.Context, id uuid.UUID, end *time.Time, now time.Time) error {
	const sql = `UPDATE grants SET ends_at = ?, reminded_at = NULL WHERE id = ? AND revoked_at IS NULL AND (ends_at IS NULL OR ends_at > ?)`
	return s.exec(ctx, "give a grant another end", sql, end, id, now)
}

const claimEndingSQL = `
UPDATE grants SET reminded_at = ? WHERE id IN (
	SELECT id FROM grants WHERE revoked_at IS NULL AND reminded_at IS NULL AND ends_at > ? AND ends_at <= ? AND starts_at < ends_at - make_interval(secs => ?)
	ORDER BY ends_at LIMIT ? FOR UPDATE SKIP LOCKED)
RETURNING ` + grantColumns

func (s store) claimEnding(ctx context.Context, now time.Time, within time.Duration, limit int) ([]Grant, error) {
	return pg.Many[Grant](ctx, s.db, "claim grants that end", claimEndingSQL, now, now, now.Add(within), (2 * within).Seconds(), limit)
}

// graduated is true for who may read as a graduate.
func (s store) graduated(ctx context.Context, userID uuid.UUID) (bool, error) {
	const sql = `SELECT id FROM grants WHERE user_id = ? AND kind = 'alumni' AND revoked_at IS NULL LIMIT 1`
	_, found, err := pg.One[keyed](ctx, s.db, "look whether she graduated", sql, userID)
	return found, err
}
