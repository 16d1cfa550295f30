// Package pg is the way to PostgreSQL: one pool, shared by gorm and by the
// job queue, and transactions that travel in the context.
//
// Decisions: statements are traced in pgx, below gorm, so that everything is
// counted and no value is ever logged; gorm neither opens transactions nor
// prepares statements (pgx caches them already).
package pg

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// Config says how to reach the database.
type Config struct {
	URL              string
	MaxConns         int32         // 0: 20
	StatementTimeout time.Duration // 0: 5 s
	SlowStatement    time.Duration // logged above this; 0: 500 ms
	Logger           *slog.Logger
	// Observe is told of every statement, for metrics. It may be nil.
	Observe func(d time.Duration, err error)
}

// DB is the database. It is safe for concurrent use.
type DB struct {
	pool  *pgxpool.Pool
	sql   *sql.DB
	root  *gorm.DB
	url   string
	turns turns
}

// Open connects lazily: it fails on a malformed URL, not on an absent server.
func Open(ctx context.Context, cfg Config) (*DB, error) {
	pc, err := poolConfig(cfg)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, pc)
	if err != nil {
		return nil, fmt.Errorf("open the connection pool: %w", err)
	}
	db := stdlib.OpenDBFromPool(pool)
	root, err := gorm.Open(postgres.New(postgres.Config{Conn: db}), &gorm.Config{
		SkipDefaultTransaction:   true,
		TranslateError:           true,
		DisableNestedTransaction: true,
		DisableAutomaticPing:     true,
		QueryFields:              true,
		Logger:                   logger.Discard,
	})
	if err != nil {
		pool.Close()
		return nil, fmt.Errorf("open gorm: %w", err)
	}
	return &DB{pool: pool, sql: db, root: root, url: cfg.URL, turns: newTurns(pc.MaxConns)}, nil
}

func poolConfig(cfg Config) (*pgxpool.Config, error) {
	pc, err := pgxpool.ParseConfig(cfg.URL)
	if err != nil {
		// The error of pgx repeats the URL, which holds a password.
		return nil, errors.New("DATABASE_URL is not a valid PostgreSQL URL")
	}
	pc.MaxConns = max(cfg.MaxConns, 0)
	if pc.MaxConns == 0 {
		pc.MaxConns = 20
	}
	pc.MaxConnLifetime = 30 * time.Minute
	pc.MaxConnLifetimeJitter = 5 * time.Minute
	pc.MaxConnIdleTime = 5 * time.Minute
	pc.ConnConfig.ConnectTimeout = 3 * time.Second
	pc.ConnConfig.Tracer = newTracer(cfg)
	timeout := cfg.StatementTimeout
	if timeout == 0 {
		timeout = 5 * time.Second
	}
	maps.Copy(pc.ConnConfig.RuntimeParams, map[string]string{
		"application_name":                    "conservatory",
		"statement_timeout":                   strconv.FormatInt(timeout.Milliseconds(), 10),
		"lock_timeout":                        "2000",
		"idle_in_transaction_session_timeout": "10000",
		"timezone":                            "UTC",
	})
	return pc, nil
}

// Close waits for connections in use and closes the pool.
func (d *DB) Close() {
	_ = d.sql.Close() // it only forgets; the pool closes the connections
	d.pool.Close()
}

// Pool is the pool itself, for the job queue and for LISTEN.
func (d *DB) Pool() *pgxpool.Pool { return d.pool }

// URL is what Open was given.
func (d *DB) URL() string { return d.url }

// Conn is where SQL runs: in the transaction of ctx if there is one. Only
// stores call it, anew for every statement.
func (d *DB) Conn(ctx context.Context) *gorm.DB {
	if t := d.current(ctx); t != nil {
		return t.gorm
	}
	return d.root
}

// Ping asks the server for a sign of life.
func (d *DB) Ping(ctx context.Context) error {
	if err := d.pool.Ping(ctx); err != nil {
		return fmt.Errorf("ping the database: %w", err)
	}
	return nil
}

// NewID gives an id that sorts by time (UUIDv7, RFC 9562).
func NewID() uuid.UUID { return uuid.Must(uuid.NewV7()) }
