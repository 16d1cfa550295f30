package job_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/job"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

type greet struct {
	Times int64 `json:"times"`
}

func (greet) Kind() string { return "test.greet" }

func setup(t *testing.T) (*pg.DB, *job.Queue, *atomic.Int64) {
	t.Helper()
	db := pgtest.New(t)
	q, err := job.New(db, job.Config{Poll: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	var done atomic.Int64
	job.On(q, func(_ context.Context, g greet) error {
		done.Add(g.Times)
		return nil
	})
	if err := q.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := q.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return db, q, &done
}

func idle(t *testing.T, q *job.Queue) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := q.WaitIdle(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestEnqueue(t *testing.T) {
	t.Parallel()

	t.Run("a job of a committed transaction is done", func(t *testing.T) {
		t.Parallel()
		db, q, done := setup(t)
		err := db.InTx(t.Context(), func(ctx context.Context) error { return q.Enqueue(ctx, greet{Times: 3}) })
		if err != nil {
			t.Fatal(err)
		}
		idle(t, q)
		if got := done.Load(); got != 3 {
			t.Errorf("done %d times, want 3", got)
		}
	})

	t.Run("a job of a transaction that failed never was", func(t *testing.T) {
		t.Parallel()
		db, q, done := setup(t)
		changedMind := errors.New("changed my mind")
		err := db.InTx(t.Context(), func(ctx context.Context) error {
			if err := q.Enqueue(ctx, greet{Times: 1}); err != nil {
				return err
			}
			return changedMind
		})
		if !errors.Is(err, changedMind) {
			t.Fatal(err)
		}
		if err := q.Enqueue(t.Context(), greet{Times: 10}); err != nil {
			t.Fatal(err)
		}
		idle(t, q)
		if got := done.Load(); got != 10 {
			t.Errorf("done %d times, want 10: only the job outside the transaction", got)
		}
	})
}

func TestEvery(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	var done atomic.Int64
	start := func() *job.Queue {
		q, err := job.New(db, job.Config{Poll: 100 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		job.On(q, func(_ context.Context, g greet) error {
			done.Add(g.Times)
			return nil
		})
		q.Every(1000*time.Hour, greet{Times: 1})
		if err := q.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		return q
	}
	stop := func(q *job.Queue) {
		if err := q.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	}

	first := start()
	for deadline := time.Now().Add(20 * time.Second); done.Load() == 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("rare work is not done after a start")
		}
	}
	stop(first)

	again := start()
	defer stop(again)
	if err := again.Enqueue(t.Context(), greet{Times: 10}); err != nil {
		t.Fatal(err)
	}
	idle(t, again)
	if n := done.Load(); n != 11 {
		t.Errorf("done %d, want 11: rare work is done once in its time, however often the worker starts", n)
	}
}

type slow struct{}

func (slow) Kind() string { return "test.slow" }

func (slow) Timeout() time.Duration { return 50 * time.Millisecond }

func TestAJobHasTheTimeItsArgumentsAskFor(t *testing.T) {
	t.Parallel()
	q, err := job.New(pgtest.New(t), job.Config{Poll: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	job.On(q, func(ctx context.Context, _ slow) error {
		<-ctx.Done()
		ended <- ctx.Err()
		return job.Cancel(ctx.Err())
	})
	if err := q.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := q.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	if err := q.Enqueue(t.Context(), slow{}); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("ended by %v", err)
		}
	case <-time.After(30 * time.Second):
		t.Error("still running after half a minute")
	}
}
