package account

import (
	"context"
	"database/sql"
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

const (
	insertClosedSQL = `INSERT INTO closed_addresses (hash, ends_at, until) VALUES (@hash, @ends, @until)
ON CONFLICT (hash) DO UPDATE SET ends_at = excluded.ends_at, until = excluded.until`
	forgetClosedSQL = `DELETE FROM closed_addresses WHERE hash IN ?`
	closedSQL       = `SELECT ends_at FROM closed_addresses WHERE hash IN ? AND until > ? ORDER BY until DESC LIMIT 1`
	pruneClosedSQL  = `DELETE FROM closed_addresses WHERE until < ?`
)

type closedRow struct{ EndsAt *time.Time }

func (a *Account) insertClosed(ctx context.Context, hash string, end *time.Time, until time.Time) error {
	return a.exec(ctx, "remember to whom the community is closed", insertClosedSQL, sql.Named("hash", hash),
		sql.Named("ends", end), sql.Named("until", until))
}

func (a *Account) forgetClosed(ctx context.Context, hashes []string) error {
	return a.exec(ctx, "forget to whom the community was closed", forgetClosedSQL, hashes)
}

// closedAddress is false for an address to which nothing is closed.
func (a *Account) closedAddress(ctx context.Context, hashes []string, now time.Time) (closedRow, bool, error) {
	return pg.One[closedRow](ctx, a.db, "ask to whom the community is closed", closedSQL, hashes, now)
}
