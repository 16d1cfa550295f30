package ratelimit_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/womens-tech-conservatory/conservatory/pkg/ratelimit"
)

// hand is a clock that a test moves.
type hand struct{ at atomic.Int64 }

func newHand() *hand {
	h := &hand{}
	h.at.Store(time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC).UnixNano())
	return h
}

func (h *hand) Now() time.Time          { return time.Unix(0, h.at.Load()).UTC() }
func (h *hand) Advance(d time.Duration) { h.at.Add(int64(d)) }

func limiter(t *testing.T, shared *ratelimit.Shared, now func() time.Time, name, quota string) *ratelimit.Limiter {
	t.Helper()
	c, err := ratelimit.NewCounter(100, shared, now)
	if err != nil {
		t.Fatal(err)
	}
	return named(t, c, name, quota)
}

func named(t *testing.T, c *ratelimit.Counter, name, quota string) *ratelimit.Limiter {
	t.Helper()
	q, err := ratelimit.ParseQuota(quota)
	if err != nil {
		t.Fatal(err)
	}
	l, err := c.Limiter(name, q)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func take(t *testing.T, l *ratelimit.Limiter, key string) ratelimit.Result {
	t.Helper()
	r, err := l.Take(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// granted counts how many of n are let through.
func granted(t *testing.T, n int, l *ratelimit.Limiter, key string) (yes int) {
	t.Helper()
	for range n {
		if !take(t, l, key).Refused {
			yes++
		}
	}
	return yes
}

func TestTake(t *testing.T) {
	t.Parallel()

	t.Run("so many at once, then one for each interval", func(t *testing.T) {
		t.Parallel()
		clock := newHand()
		l := limiter(t, nil, clock.Now, "x", "30/15m")
		if yes := granted(t, 40, l, "maria"); yes != 30 {
			t.Errorf("%d of 40 at once", yes)
		}
		clock.Advance(30 * time.Second)
		if yes := granted(t, 3, l, "maria"); yes != 1 {
			t.Errorf("%d after one interval", yes)
		}
		clock.Advance(15 * time.Minute)
		if yes := granted(t, 40, l, "maria"); yes != 30 {
			t.Errorf("%d after all of it", yes)
		}
	})

	t.Run("who is refused is told when to come again", func(t *testing.T) {
		t.Parallel()
		clock := newHand()
		l := limiter(t, nil, clock.Now, "x", "3/3h")
		if r := take(t, l, "maria"); r.Remaining != 2 || r.Reset != time.Hour || r.Refused || r.Retry != 0 {
			t.Errorf("the first: %+v", r)
		}
		granted(t, 2, l, "maria")
		clock.Advance(20 * time.Minute)
		r := take(t, l, "maria")
		if !r.Refused || r.Retry != 40*time.Minute || r.Remaining != 0 {
			t.Errorf("beyond: %+v", r)
		}
		clock.Advance(r.Retry)
		if yes := granted(t, 2, l, "maria"); yes != 1 {
			t.Errorf("%d after as long as it said", yes)
		}
	})

	t.Run("keys and names have budgets of their own", func(t *testing.T) {
		t.Parallel()
		c, err := ratelimit.NewCounter(100, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		one, other := named(t, c, "one", "2/1h"), named(t, c, "other", "2/1h")
		for _, l := range []*ratelimit.Limiter{one, other} {
			for _, key := range []string{"maria", "aisha"} {
				if yes := granted(t, 5, l, key); yes != 2 {
					t.Errorf("%d for %s", yes, key)
				}
			}
		}
	})

	t.Run("what happens at once is counted once each", func(t *testing.T) {
		t.Parallel()
		l := limiter(t, nil, nil, "x", "50/1h")
		if yes := atOnce(t, 32, 10, l); yes != 50 {
			t.Errorf("%d of 320", yes)
		}
	})

	t.Run("memory is bounded: the least recently used key is forgotten", func(t *testing.T) {
		t.Parallel()
		l := limiter(t, nil, nil, "x", "1/1h") // room for 100 keys
		take(t, l, "maria")
		for i := range 150 {
			take(t, l, string(rune('a'+i)))
			if i < 90 && !take(t, l, "maria").Refused {
				t.Fatalf("a key in use was forgotten after %d others", i)
			}
		}
	})
}

func atOnce(t *testing.T, people, each int, limiters ...*ratelimit.Limiter) int64 {
	t.Helper()
	var yes atomic.Int64
	var all sync.WaitGroup
	for i := range people {
		all.Go(func() {
			for range each {
				r, err := limiters[i%len(limiters)].Take(t.Context(), "all")
				if err != nil {
					t.Error(err)
				}
				if !r.Refused {
					yes.Add(1)
				}
			}
		})
	}
	all.Wait()
	return yes.Load()
}

func TestQuota(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"1/1s", "30/15m", "3/3h"} {
		q, err := ratelimit.ParseQuota(good)
		if err != nil {
			t.Errorf("%s: %v", good, err)
		}
		if again, err := ratelimit.ParseQuota(q.String()); err != nil || again != q {
			t.Errorf("%s written and read is %s", good, again)
		}
	}
	for _, bad := range []string{"", "30", "/15m", "0/1m", "-1/1m", "30/", "30/0s", "30/10ms", "30/15", "x/1m", "1.5/1m"} {
		if _, err := ratelimit.ParseQuota(bad); err == nil {
			t.Errorf("%q is taken for a quota", bad)
		}
	}
	if q := (ratelimit.Quota{N: 3, Within: time.Hour}).Times(10); q.N != 30 || q.Within != time.Hour {
		t.Errorf("ten times is %s", q)
	}
}
