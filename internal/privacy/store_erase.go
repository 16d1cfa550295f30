package privacy

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

const erasureColumns = `id, user_id, posts, planned_at, due_at, undone_at, begun_at, steps_done, finished_at`

// insertErasure is false when one is there already.
func (p *Privacy) insertErasure(ctx context.Context, e Erasure) (bool, error) {
	const sql = `INSERT INTO erasures (id, user_id, posts, planned_at, due_at, steps_done) SELECT ?, u.id, ?, ?, ?, '' FROM users u WHERE u.id = ?
		ON CONFLICT (user_id) WHERE undone_at IS NULL DO NOTHING RETURNING id`
	_, ok, err := pg.One[idRow](ctx, p.db, "plan an erasure", sql, e.ID, e.Posts, e.PlannedAt, e.DueAt, e.UserID)
	return ok, err
}

func (p *Privacy) erasure(ctx context.Context, id uuid.UUID) (Erasure, bool, error) {
	return pg.One[Erasure](ctx, p.db, "read an erasure", `SELECT `+erasureColumns+` FROM erasures WHERE id = ?`, id)
}

func (p *Privacy) plannedErasure(ctx context.Context, userID uuid.UUID) (Erasure, bool, error) {
	const sql = `SELECT ` + erasureColumns + ` FROM erasures WHERE user_id = ? AND undone_at IS NULL`
	return pg.One[Erasure](ctx, p.db, "read a planned erasure", sql, userID)
}

func (p *Privacy) undoErasure(ctx context.Context, userID uuid.UUID, now time.Time) (uuid.UUID, bool, error) {
	const sql = `UPDATE erasures SET undone_at = ? WHERE user_id = ? AND undone_at IS NULL AND begun_at IS NULL RETURNING id`
	row, ok, err := pg.One[idRow](ctx, p.db, "undo an erasure", sql, now, userID)
	return row.ID, ok, err
}

func (p *Privacy) dueErasures(ctx context.Context, now time.Time) ([]uuid.UUID, error) {
	const sql = `SELECT id FROM erasures WHERE due_at <= ? AND undone_at IS NULL AND finished_at IS NULL ORDER BY due_at LIMIT 1000`
	rows, err := pg.Many[idRow](ctx, p.db, "look for erasures that are due", sql, now)
	ids := make([]uuid.UUID, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	return ids, err
}

// erasureBegun is false when it was undone.
func (p *Privacy) erasureBegun(ctx context.Context, id uuid.UUID, now time.Time) (bool, error) {
	const sql = `UPDATE erasures SET begun_at = ? WHERE id = ? AND undone_at IS NULL AND begun_at IS NULL RETURNING id`
	_, ok, err := pg.One[idRow](ctx, p.db, "begin an erasure", sql, now, id)
	return ok, err
}

func (p *Privacy) stepDone(ctx context.Context, id uuid.UUID, step string) error {
	return p.exec(ctx, "note a step of an erasure", `UPDATE erasures SET steps_done = concat_ws(',', nullif(steps_done, ''), ?::text) WHERE id = ?`, step, id)
}

func (p *Privacy) erasureFinished(ctx context.Context, id uuid.UUID, now time.Time) error {
	return p.exec(ctx, "finish an erasure", `UPDATE erasures SET finished_at = ? WHERE id = ?`, now, id)
}

// eraseBatch is how many rows go in one statement, so that it stays short.
const eraseBatch = 1000

// eraseRows does to the rows of a person what their table's tag says.
func (p *Privacy) eraseRows(ctx context.Context, t Table, person uuid.UUID) error {
	sql := t.eraseSQL(p.tables)
	for {
		done, err := p.db.Pool().Exec(ctx, sql, pgx.NamedArgs{"person": person, "limit": eraseBatch})
		if err != nil {
			return fmt.Errorf("erase rows of %s: %w", t.Name, err)
		}
		if done.RowsAffected() < eraseBatch {
			return nil
		}
	}
}

// eraseSQL deletes rows or replaces values, up to @limit rows; what is as it
// should be is left alone.
func (t Table) eraseSQL(all []Table) string {
	gone := t.reach(all)
	if t.Rows != Gone {
		var set, differs []string
		for _, c := range t.Columns {
			if c.Fate == Blanked {
				set = append(set, fmt.Sprintf(`%q = %s`, c.Name, c.Becomes))
				differs = append(differs, fmt.Sprintf(`%q IS DISTINCT FROM %s`, c.Name, c.Becomes))
			}
		}
		return fmt.Sprintf(`UPDATE %s SET %s WHERE ctid = ANY (ARRAY(SELECT ctid FROM %s WHERE %s AND (%s) LIMIT @limit))`,
			t.Name, strings.Join(set, ", "), t.Name, gone, strings.Join(differs, " OR "))
	}
	return fmt.Sprintf(`DELETE FROM %s WHERE ctid = ANY (ARRAY(SELECT ctid FROM %s WHERE %s LIMIT @limit))`, t.Name, t.Name, gone)
}

func (p *Privacy) fileKeys(ctx context.Context, t Table, c Column, person uuid.UUID) ([]string, error) {
	sql := fmt.Sprintf(`SELECT %q FROM %s WHERE %s AND %q <> ''`, c.Name, t.Name, t.condition(p.tables), c.Name)
	rows, err := p.db.Pool().Query(ctx, sql, pgx.NamedArgs{"person": person})
	if err != nil {
		return nil, fmt.Errorf("list the files of %s: %w", t.Name, err)
	}
	keys, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("list the files of %s: %w", t.Name, err)
	}
	return keys, nil
}

// eraseJobs forgets what was to be done for her and what came of it; what is
// running sees that she has left. Her own erasure goes on.
func (p *Privacy) eraseJobs(ctx context.Context, e Erasure) error {
	const sql = `DELETE FROM river_job WHERE state <> 'running' AND (args ->> 'user_id' = ?::text
		OR args ->> 'session_id' IN (SELECT id::text FROM sessions WHERE user_id = ?) OR args ->> 'export_id' IN (SELECT id::text FROM exports WHERE user_id = ?))`
	return p.exec(ctx, "forget jobs", sql, e.UserID, e.UserID, e.UserID)
}

// restoreErasure makes the database know of an erasure that happened after it
// was backed up, and gives the id under which it does; uuid.Nil when there is
// nothing to erase. One that was planned or undone by then is overruled: she
// has been erased since. She has had her last letter, too.
func (p *Privacy) restoreErasure(ctx context.Context, e Erasure) (uuid.UUID, error) {
	const sql = `WITH person AS (
    SELECT id FROM users WHERE id = @user
), added AS (
    INSERT INTO erasures (id, user_id, posts, planned_at, due_at, steps_done) SELECT @id, person.id, @posts, @planned, @due, 'farewell' FROM person
    ON CONFLICT (user_id) WHERE undone_at IS NULL DO UPDATE SET posts = excluded.posts, due_at = least(erasures.due_at, excluded.due_at),
        steps_done = concat_ws(',', 'farewell', nullif(erasures.steps_done, ''))
        WHERE erasures.finished_at IS NULL
    RETURNING id
)
SELECT id FROM added`
	var id uuid.UUID
	rows, err := p.db.Pool().Query(ctx, sql, pgx.NamedArgs{"id": e.ID, "user": e.UserID, "posts": string(e.Posts), "planned": e.PlannedAt, "due": e.DueAt})
	if err == nil {
		_, err = pgx.ForEachRow(rows, []any{&id}, func() error { return nil })
	}
	if err != nil {
		return uuid.Nil, fmt.Errorf("restore an erasure: %w", err)
	}
	return id, nil
}

// deleteOld gives how many rows it deleted.
func (p *Privacy) deleteOld(ctx context.Context, t Table, now time.Time) (int64, error) {
	sql := fmt.Sprintf(`DELETE FROM %s WHERE ctid = ANY (ARRAY(SELECT ctid FROM %s WHERE %s < @before LIMIT @limit))`, t.Name, t.Name, t.Retention.Since)
	var n int64
	for {
		done, err := p.db.Pool().Exec(ctx, sql, pgx.NamedArgs{"before": t.before(now), "limit": eraseBatch})
		if err != nil {
			return n, fmt.Errorf("delete old rows of %s: %w", t.Name, err)
		}
		n += done.RowsAffected()
		if done.RowsAffected() < eraseBatch {
			return n, nil
		}
	}
}

// addressOf gives nothing once she is erased.
func (p *Privacy) addressOf(ctx context.Context, userID uuid.UUID) (name, email string, err error) {
	type row struct{ DisplayName, Email string }
	r, _, err := pg.One[row](ctx, p.db, "read an address", `SELECT display_name, email FROM users WHERE id = ? AND email NOT LIKE '%.invalid'`, userID)
	return r.DisplayName, r.Email, err
}
