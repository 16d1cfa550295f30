// Package ratelimit counts how often something happens, by the generic cell
// rate algorithm: so many at once, and one more each time an interval has
// passed. Counts are kept in memory and, where several processes must share
// one budget, in a Redis. When that Redis does not answer, each process goes
// on with what it counted itself: a limit is never a reason to fail.
package ratelimit

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/throttled/throttled/v2"
	"github.com/throttled/throttled/v2/store/memstore"
)

// casAttempts is how often a count is tried again when others count with the
// same key at the same time.
const casAttempts = 200

// Quota is so many at once, refilled evenly within a time: after 30 in 15
// minutes there is one more every 30 seconds.
type Quota struct {
	N      int
	Within time.Duration
}

// ParseQuota reads what String writes.
func ParseQuota(s string) (Quota, error) {
	count, within, ok := strings.Cut(s, "/")
	n, err := strconv.Atoi(count)
	if !ok || err != nil || n < 1 {
		return Quota{}, fmt.Errorf("%q is not a quota such as 30/15m", s)
	}
	d, err := time.ParseDuration(within)
	if err != nil || d < time.Second {
		return Quota{}, fmt.Errorf("%q is not a quota such as 30/15m, of a second or more", s)
	}
	return Quota{n, d}, nil
}

// String writes a quota as "30/15m0s".
func (q Quota) String() string { return fmt.Sprintf("%d/%s", q.N, q.Within) }

// Times returns a quota of factor times as many.
func (q Quota) Times(factor int) Quota { return Quota{q.N * factor, q.Within} }

// Counter keeps counts. It is safe for concurrent use.
type Counter struct {
	memory throttled.GCRAStoreCtx
	shared *Shared
}

// NewCounter keeps the counts of so many keys in memory, and forgets those
// that were used least recently beyond them. shared may be nil. A nil now
// means time.Now; the time of shared counts is that of the Redis.
func NewCounter(keys int, shared *Shared, now func() time.Time) (*Counter, error) {
	if keys < 1 {
		return nil, errors.New("ratelimit: a counter needs room for a key")
	}
	memory, err := memstore.New(keys)
	if err != nil {
		return nil, fmt.Errorf("ratelimit: make a counter: %w", err)
	}
	if now != nil {
		memory.SetTimeNow(now)
	}
	return &Counter{memory: throttled.WrapStoreWithContext(memory), shared: shared}, nil
}

// Limiter holds keys to a quota.
type Limiter struct {
	Quota Quota

	name   string
	memory *throttled.GCRARateLimiterCtx
	shared *throttled.GCRARateLimiterCtx // nil without a Redis
	redis  *Shared
}

// Limiter returns one whose counts carry a name, so that others of the same
// counter do not mix with them.
func (c *Counter) Limiter(name string, q Quota) (*Limiter, error) {
	l := &Limiter{Quota: q, name: name, redis: c.shared}
	var err error
	if l.memory, err = gcra(c.memory, q); err != nil {
		return nil, err
	}
	if c.shared != nil {
		l.shared, err = gcra(c.shared.store, q)
	}
	return l, err
}

func gcra(store throttled.GCRAStoreCtx, q Quota) (*throttled.GCRARateLimiterCtx, error) {
	if q.N < 1 || q.Within/time.Duration(q.N) <= 0 {
		return nil, fmt.Errorf("ratelimit: the quota %s allows nothing", q)
	}
	l, err := throttled.NewGCRARateLimiterCtx(store, throttled.RateQuota{MaxRate: throttled.PerDuration(q.N, q.Within), MaxBurst: q.N - 1})
	if err != nil {
		return nil, fmt.Errorf("ratelimit: make a limiter: %w", err)
	}
	l.SetMaxCASAttemptsLimit(casAttempts)
	return l, nil
}

// Result is what came of counting.
type Result struct {
	Refused   bool
	Quota     Quota
	Remaining int           // how many more are left now
	Reset     time.Duration // until all are there again
	Retry     time.Duration // until there is one more, when refused
}

// Take counts one for a key, or refuses it and counts nothing. It counts in
// memory in any case, so that without the Redis nothing begins anew. An error
// means that not even memory could be used.
func (l *Limiter) Take(ctx context.Context, key string) (Result, error) {
	own, err := l.take(ctx, l.memory, key)
	if err != nil || l.shared == nil {
		return own, err
	}
	var all Result
	ok := l.redis.ask(func() error {
		var err error
		all, err = l.take(ctx, l.shared, key)
		return err
	})
	if !ok {
		return own, nil
	}
	return all, nil
}

func (l *Limiter) take(ctx context.Context, in *throttled.GCRARateLimiterCtx, key string) (Result, error) {
	refused, r, err := in.RateLimitCtx(ctx, l.name+"|"+key, 1)
	if err != nil {
		return Result{}, fmt.Errorf("ratelimit: count: %w", err)
	}
	return Result{Refused: refused, Quota: l.Quota, Remaining: r.Remaining, Reset: r.ResetAfter, Retry: max(r.RetryAfter, 0)}, nil
}
