package pg

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Serial runs fn while no other holder of key anywhere does. The lock lives
// on a connection of its own, so that fn may call other systems and open
// transactions; it is given back however fn ends.
//
// The lock is of the session: do not put a transaction-mode PgBouncer between.
func (d *DB) Serial(ctx context.Context, key string, fn func(context.Context) error) error {
	if err := d.Outside(ctx); err != nil {
		return err
	}
	leave, err := d.turns.enter(ctx, key)
	if err != nil {
		return fmt.Errorf("wait for a turn: %w", err)
	}
	defer leave()
	conn, err := d.pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("take a connection for a lock: %w", err)
	}
	if _, err := conn.Exec(ctx, `SELECT set_config('lock_timeout', '30000', false), set_config('statement_timeout', '31000', false)`); err != nil {
		conn.Release()
		return fmt.Errorf("prepare to lock: %w", err)
	}
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock(hashtextextended($1, 0))`, key); err != nil {
		closeConn(conn)
		return fmt.Errorf("wait for a lock: %w", err)
	}
	// Closing the session gives the lock and the settings back without trusting one more statement.
	defer closeConn(conn)
	return fn(ctx)
}

func closeConn(conn *pgxpool.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	_ = conn.Hijack().Close(ctx) // a session that cannot be closed is closed by the server
}

// turns lets one holder of a key at a time go for the lock, and only so many
// holders that half of the pool is left for what they do with it. Without,
// those who wait would hold every connection, and the one who has the lock
// would wait for them.
type turns struct {
	places chan struct{}
	mu     *sync.Mutex
	keys   map[string]*turn
}

type turn struct {
	taken chan struct{}
	users int // who holds it or waits for it
}

func newTurns(conns int32) turns {
	return turns{places: make(chan struct{}, max(conns/2, 1)), mu: &sync.Mutex{}, keys: map[string]*turn{}}
}

func (t turns) enter(ctx context.Context, key string) (leave func(), err error) {
	mine := t.join(key)
	select {
	case mine.taken <- struct{}{}:
	case <-ctx.Done():
		t.quit(key, mine)
		return nil, ctx.Err()
	}
	select {
	case t.places <- struct{}{}:
	case <-ctx.Done():
		<-mine.taken
		t.quit(key, mine)
		return nil, ctx.Err()
	}
	return func() {
		<-t.places
		<-mine.taken
		t.quit(key, mine)
	}, nil
}

func (t turns) join(key string) *turn {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.keys[key] == nil {
		t.keys[key] = &turn{taken: make(chan struct{}, 1)}
	}
	t.keys[key].users++
	return t.keys[key]
}

func (t turns) quit(key string, mine *turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if mine.users--; mine.users == 0 {
		delete(t.keys, key)
	}
}
