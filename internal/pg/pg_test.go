package pg_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"gorm.io/gorm"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

type programme struct {
	ID    string `gorm:"primaryKey"`
	Slug  string
	Title string
}

func add(ctx context.Context, db *pg.DB, slug string) error {
	p := programme{ID: pg.NewID().String(), Slug: slug, Title: slug}
	return gorm.G[programme](db.Conn(ctx)).Create(ctx, &p)
}

func slugs(t *testing.T, ctx context.Context, db *pg.DB) []string {
	t.Helper()
	all, err := gorm.G[programme](db.Conn(ctx)).Order("slug").Find(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var s []string
	for _, p := range all {
		s = append(s, p.Slug)
	}
	return s
}

func TestInTx(t *testing.T) {
	t.Parallel()
	stop := errors.New("stop")

	t.Run("commits when the function returns nil", func(t *testing.T) {
		t.Parallel()
		db := pgtest.New(t)
		if err := db.InTx(t.Context(), func(ctx context.Context) error { return add(ctx, db, "a") }); err != nil {
			t.Fatal(err)
		}
		if got := slugs(t, t.Context(), db); !slices.Equal(got, []string{"a"}) {
			t.Errorf("got %v", got)
		}
	})

	t.Run("rolls back on an error and on a panic", func(t *testing.T) {
		t.Parallel()
		db := pgtest.New(t)
		err := db.InTx(t.Context(), func(ctx context.Context) error { return errors.Join(add(ctx, db, "a"), stop) })
		if !errors.Is(err, stop) {
			t.Fatal(err)
		}
		func() {
			defer func() { _ = recover() }()
			_ = db.InTx(t.Context(), func(ctx context.Context) error {
				if err := add(ctx, db, "b"); err != nil {
					return err
				}
				panic("oh")
			})
		}()
		if got := slugs(t, t.Context(), db); len(got) != 0 {
			t.Errorf("got %v, want nothing", got)
		}
	})

	t.Run("a failed inner step dooms the outer one that swallows its error", func(t *testing.T) {
		t.Parallel()
		db := pgtest.New(t)
		err := db.InTx(t.Context(), func(ctx context.Context) error {
			_ = db.InTx(ctx, func(context.Context) error { return stop })
			return add(ctx, db, "a")
		})
		if !errors.Is(err, stop) {
			t.Fatalf("got %v, want the inner error", err)
		}
		if got := slugs(t, t.Context(), db); len(got) != 0 {
			t.Errorf("got %v, want nothing", got)
		}
	})

	t.Run("who left before the commit gets nothing done", func(t *testing.T) {
		t.Parallel()
		db := pgtest.New(t)
		ctx, leave := context.WithCancel(t.Context())
		err := db.InTx(ctx, func(ctx context.Context) error {
			defer leave()
			return add(ctx, db, "a")
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		if got := slugs(t, t.Context(), db); len(got) != 0 {
			t.Errorf("got %v, want nothing", got)
		}
	})

	t.Run("what must not run inside a transaction is told so", func(t *testing.T) {
		t.Parallel()
		db := pgtest.New(t)
		_ = db.InTx(t.Context(), func(ctx context.Context) error {
			if err := db.Outside(ctx); !errors.Is(err, pg.ErrInTx) {
				t.Errorf("got %v", err)
			}
			return nil
		})
		if err := db.Outside(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestCount(t *testing.T) {
	t.Parallel()
	ctx, db := pgtest.Tx(t)
	ctx, counter := pg.Count(ctx)
	err := db.InTx(ctx, func(ctx context.Context) error { return errors.Join(add(ctx, db, "x"), add(ctx, db, "y")) })
	if err != nil {
		t.Fatal(err)
	}
	tx, _ := db.Tx(ctx)
	if _, err := tx.Exec(ctx, "-- name: PGNotifyMany :exec\nSELECT 1"); err != nil {
		t.Fatal(err)
	}
	if counter.N() != 2 {
		t.Errorf("counted %d statements, want 2: savepoints are not statements, nor is what wakes the queue", counter.N())
	}
}

func TestMigrations(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	pending, err := db.Pending(t.Context())
	if err != nil || len(pending) != 0 {
		t.Errorf("pending after a migration: %v, %v", pending, err)
	}
	if err := db.Migrate(t.Context()); err != nil {
		t.Errorf("a second time: %v", err)
	}
}

// A statement whose caller has left gives its connection back to be closed;
// the race detector sees whoever still uses it.
func TestABrokenConnectionIsLeftAlone(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	for range 20 {
		ctx, cancel := context.WithCancel(t.Context())
		err := db.InTx(ctx, func(ctx context.Context) error {
			if err := add(ctx, db, pg.NewID().String()); err != nil {
				return err
			}
			cancel()
			return gorm.G[struct{}](db.Conn(ctx)).Exec(ctx, "SELECT 1")
		})
		if err == nil {
			t.Error("done for nobody")
		}
	}
	if all := slugs(t, t.Context(), db); len(all) != 0 {
		t.Errorf("%d rows stay", len(all))
	}
}
