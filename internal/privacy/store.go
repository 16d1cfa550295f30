package privacy

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

func (p *Privacy) exec(ctx context.Context, doing, sql string, args ...any) error {
	return pg.Exec(ctx, p.db, doing, sql, args...)
}

type idRow struct{ ID uuid.UUID }

// lockUser lets what one person asks for go one after the other.
func (p *Privacy) lockUser(ctx context.Context, id uuid.UUID) error {
	return p.exec(ctx, "lock a user", `SELECT id FROM users WHERE id = ? FOR NO KEY UPDATE`, id)
}

const exportColumns = `id, user_id, state, tables_done, tables_total, bytes, file, created_at, finished_at, expires_at`

// exportsOf gives the copies asked for since a moment, the latest first.
func (p *Privacy) exportsOf(ctx context.Context, userID uuid.UUID, since time.Time) ([]Export, error) {
	const sql = `SELECT ` + exportColumns + ` FROM exports WHERE user_id = ? AND created_at > ? ORDER BY created_at DESC, id DESC LIMIT 100`
	return pg.Many[Export](ctx, p.db, "list exports", sql, userID, since)
}

func (p *Privacy) export(ctx context.Context, id uuid.UUID) (Export, bool, error) {
	return pg.One[Export](ctx, p.db, "read an export", `SELECT `+exportColumns+` FROM exports WHERE id = ?`, id)
}

func (p *Privacy) insertExport(ctx context.Context, e Export) error {
	const sql = `INSERT INTO exports (id, user_id, state, tables_done, tables_total, bytes, created_at) VALUES (?, ?, ?, 0, ?, 0, ?)`
	return p.exec(ctx, "add an export", sql, e.ID, e.UserID, e.State, e.TablesTotal, e.CreatedAt)
}

// beginExport names the file before it is written: what a crash leaves behind
// is found and deleted.
func (p *Privacy) beginExport(ctx context.Context, id uuid.UUID, key string) error {
	const sql = `UPDATE exports SET state = 'working', file = ?, tables_done = 0, bytes = 0 WHERE id = ? AND state IN ('waiting', 'working')`
	return p.exec(ctx, "begin an export", sql, key, id)
}

func (p *Privacy) exportProgress(ctx context.Context, id uuid.UUID, tables, bytes int64) error {
	return p.exec(ctx, "note how far an export is", `UPDATE exports SET tables_done = ?, bytes = ? WHERE id = ?`, tables, bytes, id)
}

// exportReady is false when the export is not wanted any more.
func (p *Privacy) exportReady(ctx context.Context, id uuid.UUID, bytes int64, now, expires time.Time) (bool, error) {
	const sql = `UPDATE exports SET state = 'ready', tables_done = tables_total, bytes = ?, finished_at = ?, expires_at = ?
		WHERE id = ? AND state = 'working' RETURNING id`
	_, ok, err := pg.One[idRow](ctx, p.db, "finish an export", sql, bytes, now, expires, id)
	return ok, err
}

func (p *Privacy) exportsOver(ctx context.Context, now, stuck time.Time) ([]Export, error) {
	const sql = `SELECT ` + exportColumns + ` FROM exports
		WHERE (state = 'ready' AND expires_at <= ?) OR (state IN ('waiting', 'working') AND created_at < ?) ORDER BY created_at LIMIT 1000`
	return pg.Many[Export](ctx, p.db, "look for exports that are over", sql, now, stuck)
}

func (p *Privacy) closeExport(ctx context.Context, id uuid.UUID, state ExportState) error {
	return p.exec(ctx, "close an export", `UPDATE exports SET state = ?, file = NULL WHERE id = ?`, state, id)
}
