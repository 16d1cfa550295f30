package pg_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

// More callers than the pool has connections: those who wait must leave some
// to the one who works.
func TestSerial(t *testing.T) {
	t.Parallel()
	const callers = 60
	for name, key := range map[string]func(n int) string{
		"of one key one at a time":       func(int) string { return "one" },
		"keys of their own side by side": func(n int) string { return fmt.Sprint("key ", n) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t)
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			var mu sync.Mutex
			inside := map[string]int{}
			enter := func(key string, n int) {
				mu.Lock()
				defer mu.Unlock()
				if inside[key] += n; inside[key] > 1 {
					t.Errorf("%d at once hold %q", inside[key], key)
				}
			}
			var wg sync.WaitGroup
			for n := range callers {
				wg.Go(func() {
					err := db.Serial(ctx, key(n), func(ctx context.Context) error {
						enter(key(n), 1)
						defer enter(key(n), -1)
						return db.InTx(ctx, func(ctx context.Context) error { return add(ctx, db, pg.NewID().String()) })
					})
					if err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if got := slugs(t, t.Context(), db); len(got) != callers {
				t.Errorf("%d rows, want %d", len(got), callers)
			}
		})
	}
}

func TestSerialEndsWithItsContext(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	err := db.Serial(t.Context(), "taken", func(ctx context.Context) error {
		short, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
		defer cancel()
		return db.Serial(short, "taken", func(context.Context) error { return nil })
	})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if err := db.Serial(t.Context(), "taken", func(context.Context) error { return nil }); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}
