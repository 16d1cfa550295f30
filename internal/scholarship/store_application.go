package scholarship

import (
	"context"
	"database/sql"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

const applicationColumns = `id, user_id, months, situation, hope, state, created_at, decided_at, decided_by, told, note`

// insertApplication is false when she has asked already.
func (s store) insertApplication(ctx context.Context, a Application) (bool, error) {
	const sql = `INSERT INTO scholarship_applications (id, user_id, months, situation, hope, state, created_at, told, note)
		VALUES (?, ?, ?, ?, ?, ?, ?, '', '') ON CONFLICT (user_id) WHERE state IN ('open', 'waitlisted') DO NOTHING RETURNING id`
	_, ok, err := pg.One[struct{ ID uuid.UUID }](ctx, s.db, "insert an application", sql, a.ID, a.UserID, a.Months, a.Situation, a.Hope, a.State, a.CreatedAt)
	return ok, err
}

func (s store) application(ctx context.Context, id uuid.UUID) (Application, bool, error) {
	return pg.One[Application](ctx, s.db, "read an application", `SELECT `+applicationColumns+` FROM scholarship_applications WHERE id = ?`, id)
}

func (s store) applicationsOf(ctx context.Context, userID uuid.UUID, limit int) ([]Application, error) {
	const sql = `SELECT ` + applicationColumns + ` FROM scholarship_applications WHERE user_id = ? ORDER BY created_at DESC, id DESC LIMIT ?`
	return pg.Many[Application](ctx, s.db, "list the applications of a member", sql, userID, limit)
}

const applicationsSQL = `SELECT ` + applicationColumns + ` FROM scholarship_applications
WHERE state = @state AND (CAST(@after AS timestamptz) IS NULL OR (created_at, id) > (@after, @id))
ORDER BY created_at, id LIMIT @limit`

func (s store) applications(ctx context.Context, state State, after Position, limit int) ([]Application, error) {
	return pg.Many[Application](ctx, s.db, "list applications", applicationsSQL, sql.Named("state", state), sql.Named("id", after.ID),
		sql.Named("after", sql.Null[time.Time]{V: after.CreatedAt, Valid: !after.CreatedAt.IsZero()}), sql.Named("limit", limit))
}

// answer is false when it has its answer already.
func (s store) answer(ctx context.Context, a Application) (bool, error) {
	const sql = `UPDATE scholarship_applications SET state = ?, decided_at = ?, decided_by = ?, told = ?, note = ?
		WHERE id = ? AND state IN ? RETURNING id`
	_, ok, err := pg.One[struct{ ID uuid.UUID }](ctx, s.db, "answer an application", sql, a.State, a.DecidedAt, a.DecidedBy, a.Told, a.Note, a.ID,
		reachedFrom(a.State))
	return ok, err
}
