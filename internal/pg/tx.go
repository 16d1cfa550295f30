package pg

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/gorm"
)

// ErrInTx is returned by what must not run inside a transaction.
var ErrInTx = errors.New("pg: not inside a transaction: locks would be held over the network")

type txKey struct{ db *DB }

// tx is one PostgreSQL transaction, seen by gorm and by the job queue.
type tx struct {
	pgx    pgx.Tx
	gorm   *gorm.DB
	conn   *sql.Conn
	failed error
	nests  bool // a joining call gets a savepoint of its own: only in tests
}

func (d *DB) current(ctx context.Context) *tx {
	t, _ := ctx.Value(txKey{d}).(*tx)
	return t
}

// InTx runs fn in one transaction and commits when it returns nil. A call
// inside another InTx joins it, so a domain may be called alone or as a step
// of a larger change; when a joined step fails the whole rolls back, even if
// the caller swallows the error.
func (d *DB) InTx(ctx context.Context, fn func(context.Context) error) error {
	if outer := d.current(ctx); outer != nil {
		return d.join(ctx, outer, fn)
	}
	t, err := d.begin(ctx)
	if err != nil {
		return err
	}
	defer t.conn.Close() //nolint:errcheck // gives the connection back; it is broken or fine
	defer t.rollback(ctx)
	if err := fn(context.WithValue(ctx, txKey{d}, t)); err != nil {
		return err
	}
	if t.failed != nil {
		return t.failed
	}
	return t.commit(ctx)
}

// commit goes through although the caller leaves meanwhile: broken off, nobody
// would know whether it was done. Who has left before gets nothing done.
func (t *tx) commit(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := t.while(func() error { return t.pgx.Commit(ctx) }); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// while does something with the connection as long as it is ours: one that
// broke in a statement was given back then, and is being closed by others.
func (t *tx) while(do func() error) error {
	return t.conn.Raw(func(any) error { return do() })
}

func (d *DB) join(ctx context.Context, outer *tx, fn func(context.Context) error) error {
	if outer.nests {
		return d.savepoint(ctx, outer, fn)
	}
	err := fn(ctx)
	if err != nil && outer.failed == nil {
		outer.failed = err
	}
	return err
}

func (d *DB) savepoint(ctx context.Context, outer *tx, fn func(context.Context) error) error {
	sp, err := outer.pgx.Begin(ctx)
	if err != nil {
		return fmt.Errorf("savepoint: %w", err)
	}
	inner := &tx{pgx: sp, gorm: outer.gorm, conn: outer.conn}
	defer inner.rollback(ctx)
	if err := fn(context.WithValue(ctx, txKey{d}, inner)); err != nil {
		return err
	}
	if inner.failed != nil {
		return inner.failed
	}
	return sp.Commit(ctx)
}

func (d *DB) begin(ctx context.Context) (*tx, error) {
	conn, err := d.sql.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("take a connection: %w", err)
	}
	var raw *pgx.Conn
	err = conn.Raw(func(driver any) error {
		c, ok := driver.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("a connection of pgx was expected, not %T", driver)
		}
		raw = c.Conn()
		return nil
	})
	if err == nil {
		var ptx pgx.Tx
		if ptx, err = raw.Begin(ctx); err == nil {
			return &tx{pgx: ptx, conn: conn, gorm: d.on(ctx, conn)}, nil
		}
	}
	_ = conn.Close()
	return nil, fmt.Errorf("begin: %w", err)
}

// on gives gorm a session that speaks through conn and cannot begin, commit
// or roll back by itself.
func (d *DB) on(ctx context.Context, conn *sql.Conn) *gorm.DB {
	s := d.root.Session(&gorm.Session{NewDB: true, Context: ctx})
	s.Statement.ConnPool = onlyStatements{conn}
	return s
}

type onlyStatements struct{ conn *sql.Conn }

func (o onlyStatements) PrepareContext(ctx context.Context, q string) (*sql.Stmt, error) {
	return o.conn.PrepareContext(ctx, q)
}

func (o onlyStatements) ExecContext(ctx context.Context, q string, args ...any) (sql.Result, error) {
	return o.conn.ExecContext(ctx, q, args...)
}

func (o onlyStatements) QueryContext(ctx context.Context, q string, args ...any) (*sql.Rows, error) {
	return o.conn.QueryContext(ctx, q, args...)
}

func (o onlyStatements) QueryRowContext(ctx context.Context, q string, args ...any) *sql.Row {
	return o.conn.QueryRowContext(ctx, q, args...)
}

// rollback does nothing after a commit. It goes through although the request
// is over.
func (t *tx) rollback(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	_ = t.while(func() error { return t.pgx.Rollback(ctx) }) // pgx.ErrTxClosed after a commit; otherwise the server does it
}

// Outside returns ErrInTx inside a transaction. Clients of other systems ask
// it first.
func (d *DB) Outside(ctx context.Context) error {
	if t := d.current(ctx); t != nil && !t.nests {
		return ErrInTx
	}
	return nil
}

// Tx is the transaction of ctx as the job queue wants it; false outside one.
func (d *DB) Tx(ctx context.Context) (pgx.Tx, bool) {
	if t := d.current(ctx); t != nil {
		return t.pgx, true
	}
	return nil, false
}

// ForTest opens a transaction that only done ends, by rolling it back. InTx
// inside it nests, so that a test sees a fault and goes on.
func (d *DB) ForTest(ctx context.Context) (inTx context.Context, done func(), err error) {
	t, err := d.begin(ctx)
	if err != nil {
		return nil, nil, err
	}
	t.nests = true
	done = func() {
		t.rollback(ctx)
		_ = t.conn.Close()
	}
	return context.WithValue(ctx, txKey{d}, t), done, nil
}
