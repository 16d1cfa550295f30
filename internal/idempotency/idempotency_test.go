package idempotency_test

import (
	"crypto/sha256"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/idempotency"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var epoch = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

func setup(t *testing.T) (*idempotency.Keys, *clock.Manual, idempotency.Request) {
	t.Helper()
	db := pgtest.New(t)
	c := clock.NewManual(epoch)
	return idempotency.New(db, c), c, request(member(t, db), "k1", "body")
}

func member(t *testing.T, db *pg.DB) uuid.UUID {
	t.Helper()
	id := pg.NewID()
	_, err := db.Pool().Exec(t.Context(), `INSERT INTO users (id, email, email_key, display_name, time_zone, state, version, created_at, updated_at)
		VALUES ($1, $2, $2, 'Ann', 'UTC', 'active', 1, now(), now())`, id, id.String()+"@example.org")
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func request(user uuid.UUID, key, body string) idempotency.Request {
	return idempotency.Request{UserID: user, Key: key, Route: "POST /v1/x", Fingerprint: sha256.Sum256([]byte(body))}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	answer := idempotency.Response{Status: 201, Header: map[string]string{"Location": "/v1/x/1"}, Body: []byte(`{"id":1}`)}

	t.Run("the second request is answered like the first", func(t *testing.T) {
		t.Parallel()
		keys, _, r := setup(t)
		if got, err := keys.Begin(t.Context(), r); got != nil || err != nil {
			t.Fatalf("first: %v, %v", got, err)
		}
		if err := keys.Finish(t.Context(), r, answer); err != nil {
			t.Fatal(err)
		}
		got, err := keys.Begin(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(&answer, got); diff != "" {
			t.Error(diff)
		}
	})

	t.Run("another body under the same key is refused, another person's key is her own", func(t *testing.T) {
		t.Parallel()
		keys, _, r := setup(t)
		if _, err := keys.Begin(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if _, err := keys.Begin(t.Context(), request(r.UserID, "k1", "other")); !errors.Is(err, idempotency.ErrMismatch) {
			t.Errorf("got %v", err)
		}
		if got, err := keys.Begin(t.Context(), request(r.UserID, "k2", "other")); got != nil || err != nil {
			t.Errorf("another key: %v, %v", got, err)
		}
	})

	t.Run("a request that died is taken over when its lease has run out", func(t *testing.T) {
		t.Parallel()
		keys, c, r := setup(t)
		if _, err := keys.Begin(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		c.Advance(59 * time.Second)
		if _, err := keys.Begin(t.Context(), r); !errors.Is(err, idempotency.ErrInProgress) {
			t.Errorf("within the lease: %v", err)
		}
		c.Advance(2 * time.Second)
		if got, err := keys.Begin(t.Context(), r); got != nil || err != nil {
			t.Errorf("after the lease: %v, %v", got, err)
		}
	})

	t.Run("a released key may be used again", func(t *testing.T) {
		t.Parallel()
		keys, _, r := setup(t)
		if _, err := keys.Begin(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if err := keys.Release(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if got, err := keys.Begin(t.Context(), r); got != nil || err != nil {
			t.Errorf("got %v, %v", got, err)
		}
	})

	t.Run("of fifty at once exactly one goes ahead", func(t *testing.T) {
		t.Parallel()
		keys, _, r := setup(t)
		var ahead atomic.Int64
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				switch got, err := keys.Begin(t.Context(), r); {
				case err == nil && got == nil:
					ahead.Add(1)
				case !errors.Is(err, idempotency.ErrInProgress):
					t.Errorf("got %v, %v", got, err)
				}
			})
		}
		wg.Wait()
		if n := ahead.Load(); n != 1 {
			t.Errorf("%d went ahead, want 1", n)
		}
	})
}
