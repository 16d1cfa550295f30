package ratelimit

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gomodule/redigo/redis"
	"github.com/throttled/throttled/v2"
	"github.com/throttled/throttled/v2/store/redigostore"
)

const (
	// A request waits for these at most, once: then the Redis is left alone
	// for a while.
	connectTimeout = 300 * time.Millisecond
	answerTimeout  = 200 * time.Millisecond
	leaveAlone     = time.Second
	connections    = 32
	keyPrefix      = "conservatory:limit:"
)

// Shared is a Redis in which several processes count. It is safe for
// concurrent use.
type Shared struct {
	pool  *redis.Pool
	store throttled.GCRAStoreCtx
	told  func(error)
	now   func() time.Time

	mu    sync.Mutex
	until time.Time // the Redis is left alone till then
	down  bool
}

// Open returns the Redis of a redis:// or, with TLS, a rediss:// URL. It does
// not connect: a Redis that is not there yet is as one that has gone. told,
// which may be nil, hears an error when the Redis stops answering and nil when
// it answers again; errors name no password. A nil now means time.Now.
func Open(address string, told func(error), now func() time.Time) (*Shared, error) {
	database, err := check(address)
	if err != nil {
		return nil, err
	}
	s := &Shared{told: told, now: now}
	if s.told == nil {
		s.told = func(error) {}
	}
	if s.now == nil {
		s.now = time.Now
	}
	s.pool = &redis.Pool{
		MaxIdle: connections / 4, MaxActive: connections, Wait: true, IdleTimeout: 5 * time.Minute, MaxConnLifetime: 30 * time.Minute,
		DialContext: func(ctx context.Context) (redis.Conn, error) {
			return redis.DialURLContext(ctx, address, redis.DialConnectTimeout(connectTimeout), redis.DialTLSHandshakeTimeout(connectTimeout),
				redis.DialReadTimeout(answerTimeout), redis.DialWriteTimeout(answerTimeout))
		},
		TestOnBorrowContext: alive,
	}
	if s.store, err = redigostore.NewCtx(patient{s.pool}, keyPrefix, database); err != nil {
		return nil, fmt.Errorf("ratelimit: make a shared counter: %w", err)
	}
	return s, nil
}

// alive drops connections that a Redis left behind when it went.
func alive(ctx context.Context, conn redis.Conn, used time.Time) error {
	if time.Since(used) < leaveAlone {
		return nil
	}
	_, err := redis.DoContext(conn, ctx, "PING")
	return err
}

// CheckURL says what is wrong with the URL of a Redis, and does not repeat it.
func CheckURL(address string) error {
	_, err := check(address)
	return err
}

func check(address string) (database int, err error) {
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "redis" && u.Scheme != "rediss") || u.Host == "" {
		return 0, errors.New("a Redis is redis://host:6379 or, with TLS, rediss://:password@host:6379/0")
	}
	if path := strings.Trim(u.Path, "/"); path != "" {
		if database, err = strconv.Atoi(path); err != nil || database < 0 {
			return 0, errors.New("behind the host of a Redis stands the number of a database or nothing")
		}
	}
	return database, nil
}

// Ping asks whether the Redis answers.
func (s *Shared) Ping(ctx context.Context) error {
	conn, err := s.pool.GetContext(ctx)
	if err != nil {
		return fmt.Errorf("ratelimit: reach the Redis: %w", err)
	}
	defer conn.Close() //nolint:errcheck // it goes back to the pool
	if _, err := redis.DoContext(conn, ctx, "PING"); err != nil {
		return fmt.Errorf("ratelimit: ask the Redis: %w", err)
	}
	return nil
}

// Down reports whether counts are not shared at the moment.
func (s *Shared) Down() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.down
}

// Close gives the connections back.
func (s *Shared) Close() error {
	if err := s.pool.Close(); err != nil {
		return fmt.Errorf("ratelimit: close the Redis: %w", err)
	}
	return nil
}

// ask does what needs the Redis, unless that has just failed; false when it
// was not done.
func (s *Shared) ask(what func() error) bool {
	if s.leftAlone() {
		return false
	}
	err := what()
	s.mu.Lock()
	before := s.down
	s.down = err != nil
	if err != nil {
		s.until = s.now().Add(leaveAlone)
	}
	s.mu.Unlock()
	if before != (err != nil) {
		s.told(err)
	}
	return err == nil
}

func (s *Shared) leftAlone() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now().Before(s.until)
}

// patient waits for a connection, but not for ever.
type patient struct{ pool *redis.Pool }

// Get gives a connection; when there is none, one that only fails.
func (p patient) Get() redis.Conn {
	ctx, cancel := context.WithTimeout(context.Background(), connectTimeout)
	defer cancel()
	conn, _ := p.pool.GetContext(ctx) // the connection itself says what is wrong
	return conn
}
