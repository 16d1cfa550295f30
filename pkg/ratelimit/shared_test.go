package ratelimit_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/womens-tech-conservatory/conservatory/pkg/ratelimit"
	"github.com/womens-tech-conservatory/conservatory/pkg/ratelimit/redistest"
)

// ear remembers what a Shared told.
type ear struct {
	mu   sync.Mutex
	said []bool // true: it answers again
}

func (e *ear) hear(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.said = append(e.said, err == nil)
}

func (e *ear) heard() []bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]bool(nil), e.said...)
}

func open(t *testing.T, address string, told func(error)) *ratelimit.Shared {
	t.Helper()
	s, err := ratelimit.Open("redis://"+address, told, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestShared(t *testing.T) {
	t.Parallel()

	t.Run("two processes share one budget", func(t *testing.T) {
		t.Parallel()
		redis := redistest.Run(t)
		a := limiter(t, open(t, redis.Address, nil), nil, "x", "50/1h")
		b := limiter(t, open(t, redis.Address, nil), nil, "x", "50/1h")
		if yes := atOnce(t, 16, 10, a, b); yes != 50 {
			t.Errorf("%d of 160 were let through, want 50", yes)
		}
		r := take(t, a, "all")
		if !r.Refused || r.Retry <= 0 || r.Retry > 72*time.Second {
			t.Errorf("beyond: %+v", r)
		}
		if r := take(t, b, "another"); r.Refused || r.Remaining != 49 {
			t.Errorf("another key: %+v", r)
		}
	})

	t.Run("without the Redis each process goes on with what it counted", func(t *testing.T) {
		t.Parallel()
		redis := redistest.Run(t)
		told := &ear{}
		shared := open(t, redis.Address, told.hear)
		l := limiter(t, shared, nil, "x", "10/1h")
		if yes := granted(t, 6, l, "maria"); yes != 6 {
			t.Fatalf("%d of 6", yes)
		}
		redis.Stop()
		if yes := granted(t, 10, l, "maria"); yes != 4 {
			t.Errorf("%d more were let through, want the 4 that were left", yes)
		}
		if !shared.Down() || len(told.heard()) != 1 || told.heard()[0] {
			t.Errorf("down %v, heard %v", shared.Down(), told.heard())
		}
		redis.Start(t)
		eventually(t, "the Redis is used again", func() bool { take(t, l, "another"); return !shared.Down() })
		if heard := told.heard(); len(heard) != 2 || !heard[1] {
			t.Errorf("heard %v", heard)
		}
	})

	t.Run("a Redis that never was there is no reason to fail or to wait", func(t *testing.T) {
		t.Parallel()
		shared := open(t, redistest.Free(t), nil)
		l := limiter(t, shared, nil, "x", "100/1h")
		if yes := granted(t, 200, l, "maria"); yes != 100 {
			t.Errorf("%d of 200", yes)
		}
		if err := shared.Ping(t.Context()); err == nil {
			t.Error("it answers a ping")
		}
	})

	t.Run("a caller who does not wait does not stop the sharing", func(t *testing.T) {
		t.Parallel()
		shared := open(t, redistest.Run(t).Address, nil)
		l := limiter(t, shared, nil, "x", "10/1h")
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := l.Take(gone, "maria"); err != nil {
			t.Error(err)
		}
		if err := shared.Ping(t.Context()); err != nil || shared.Down() {
			t.Errorf("down %v: %v", shared.Down(), err)
		}
		if r := take(t, l, "maria"); r.Remaining != 8 {
			t.Errorf("%+v", r)
		}
	})
}

func TestAddressOfARedis(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"redis://localhost:6379", "rediss://user:secret@redis.example.org:6380/3", "redis://localhost"} {
		if err := ratelimit.CheckURL(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{"", "localhost:6379", "http://localhost", "redis://", "redis://:secret@localhost/x", "redis://:secret@localhost/-1", "redis://:sec%ret@x"} {
		err := ratelimit.CheckURL(bad)
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("never: " + what)
		}
	}
}
