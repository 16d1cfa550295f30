// Package report tells an admin how the membership is doing: members, monthly
// recurring revenue (MRR) and how both moved, and the members behind every
// number. It only reads.
//
// Decisions: every number is a query over the append-only ledger, so that a
// past period gives the same today as tomorrow. Currencies are never added.
// A period is half-open: a change on the stroke of its first instant is in it,
// on the stroke of its end is not.
//
// A member moves once per period and currency, from what she was at its start
// to what she is at its end: `new` from nothing for the first time ever in that
// currency, `reactivation` from nothing again, `expansion` and `contraction`
// between amounts, `churn` to nothing. Who came and went in between has joined
// and left and is in no other number. Changes at one instant are one change.
//
// Exact sums of annualised amounts are divided by twelve and rounded once. The
// movements are the steps between rounded running totals (start, + new, +
// reactivation, + expansion, - contraction, - churn), so that in whole minor
// units they always add up to the end; each is within one unit of its own
// rounded value, and none is negative.
//
// Who has access is read from the current answer of the membership when the
// period reaches now. For a period in the past it is put together from what is
// kept with its dates: ledger, grants and bans; free subscriptions and days of
// grace, which leave nothing there, are then not seen.
package report

import (
	"context"
	"embed"
	"fmt"
	"math/big"

	"github.com/jackc/pgx/v5"

	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/pkg/cursor"
)

//go:embed sql/*.sql
var queries embed.FS

// Report answers admins. Whether somebody is one is decided before. It is safe
// for concurrent use.
type Report struct {
	db      *pg.DB
	clock   clock.Clock
	cursors *cursor.Sealer
	sql     statements
}

type statements struct{ lines, rows, accessNow, accessThen, members string }

// New gives the reports of a database.
func New(db *pg.DB, c clock.Clock, cursors *cursor.Sealer) *Report {
	movement := query("movement")
	return &Report{db: db, clock: c, cursors: cursors, sql: statements{
		lines:      movement + query("lines"),
		rows:       movement + query("rows"),
		accessNow:  query("access_now"),
		accessThen: query("access_then"),
		members:    query("members"),
	}}
}

func query(name string) string {
	b, err := queries.ReadFile("sql/" + name + ".sql")
	if err != nil {
		panic(err) // the file is part of the binary
	}
	return string(b)
}

// querier is a transaction or the pool.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// conn is for what is one statement.
func (r *Report) conn(ctx context.Context) querier {
	if tx, ok := r.db.Tx(ctx); ok {
		return tx
	}
	return r.db.Pool()
}

// snapshot runs fn so that all its statements see the same moment; inside a
// transaction of the caller they see what that one sees.
func (r *Report) snapshot(ctx context.Context, fn func(querier) error) error {
	if tx, ok := r.db.Tx(ctx); ok {
		return fn(tx)
	}
	tx, err := r.db.Pool().BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return fmt.Errorf("begin a report: %w", err)
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // it has written nothing
	return fn(tx)
}

func read[T any](ctx context.Context, q querier, sql string, args ...any) ([]T, error) {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[T]) //nolint:wrapcheck // the caller says what it was reading
}

// exact reads a number as PostgreSQL writes it.
func exact(text string) (*big.Rat, error) {
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		return nil, fmt.Errorf("%q is not a number", text)
	}
	return r, nil
}
