package pg

import (
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
)

// Counter counts the SQL statements that run under one context; beginning and
// ending a transaction are not statements, and neither is a wake-up of the
// queue, which River leaves out when it gave one a moment ago.
type Counter struct{ n atomic.Int64 }

// N is the count so far.
func (c *Counter) N() int { return int(c.n.Load()) }

type counterKey struct{}

// Count returns a context whose statements are counted.
func Count(ctx context.Context) (context.Context, *Counter) {
	c := &Counter{}
	return context.WithValue(ctx, counterKey{}, c), c
}

type tracer struct {
	slow    time.Duration
	log     *slog.Logger
	observe func(time.Duration, error)
}

func newTracer(cfg Config) *tracer {
	t := &tracer{slow: cfg.SlowStatement, log: cfg.Logger, observe: cfg.Observe}
	if t.slow == 0 {
		t.slow = 500 * time.Millisecond
	}
	if t.log == nil {
		t.log = slog.New(slog.DiscardHandler)
	}
	return t
}

type startKey struct{}

type started struct {
	at  time.Time
	sql string
}

// TraceQueryStart is called by pgx.
func (t *tracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	if c, ok := ctx.Value(counterKey{}).(*Counter); ok && isStatement(q.SQL) {
		c.n.Add(1)
	}
	return context.WithValue(ctx, startKey{}, started{at: time.Now(), sql: q.SQL}) //nolint:forbidigo // measures, decides nothing
}

// TraceQueryEnd is called by pgx. It logs the text of a slow statement, which
// has placeholders, and never its values.
func (t *tracer) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryEndData) {
	s, ok := ctx.Value(startKey{}).(started)
	if !ok {
		return
	}
	d := time.Since(s.at)
	if t.observe != nil {
		t.observe(d, q.Err)
	}
	if d >= t.slow && !strings.Contains(s.sql, "pg_advisory_lock") {
		t.log.WarnContext(ctx, "slow statement", "ms", d.Milliseconds(), "sql", strings.Join(strings.Fields(s.sql), " "))
	}
}

func isStatement(sql string) bool {
	if strings.HasPrefix(sql, "-- name: PGNotifyMany") {
		return false
	}
	word, _, _ := strings.Cut(strings.TrimSpace(sql), " ")
	switch strings.ToLower(strings.TrimRight(word, ";")) {
	case "begin", "commit", "rollback", "savepoint", "release", "":
		return false
	}
	return true
}
