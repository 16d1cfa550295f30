package keyring

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

// follow runs a replica until the test ends.
func (r replica) follow() replica {
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { r.Follow(ctx) })
	r.t.Cleanup(func() {
		stop()
		running.Wait()
	})
	eventually(r.t, "a replica is ready", r.Ready)
	return r
}

func TestReplicasThatStartAtOnceAgreeOnTheFirstKey(t *testing.T) {
	t.Parallel()
	db, now := pgtest.New(t), clock.NewManual(noon)
	if _, _, err := on(t, db, now).Signing(); !errors.Is(err, ErrNoKey) || fault.From(err).Kind != fault.Unavailable {
		t.Errorf("a replica that has seen nothing signs: %v", err)
	}
	var all []replica
	for range 4 {
		all = append(all, on(t, db, now))
	}
	var starting sync.WaitGroup
	for _, r := range all {
		starting.Go(func() { r.follow() })
	}
	starting.Wait()
	for _, r := range all[1:] {
		if r.signs() != all[0].signs() {
			t.Errorf("%s and %s sign", r.signs(), all[0].signs())
		}
	}
	if n := len(all[0].Published()); n != 1 {
		t.Errorf("%d keys were made", n)
	}
}

func TestReplicasHearOfARotation(t *testing.T) {
	t.Parallel()
	db, now := pgtest.New(t), clock.NewManual(noon)
	a, b := on(t, db, now).follow(), on(t, db, now).follow()
	key, err := a.Rotate(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []replica{a, b} {
		eventually(t, "a replica knows the new key without being asked for it", func() bool {
			_, ok := r.known.Load().public(key.ID, now.Now())
			return ok
		})
	}
}

func TestAReplicaThatHeardNothingLooksForAnUnknownKeyButSeldom(t *testing.T) {
	t.Parallel()
	db, now := pgtest.New(t), clock.NewManual(noon)
	a, deaf := on(t, db, now), on(t, db, now)
	if err := a.catchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !deaf.accepts(t.Context(), a.signs()) {
		t.Error("a key that the table has is not found")
	}
	ctx, statements := pg.Count(t.Context())
	for i := range 1000 {
		if deaf.accepts(ctx, fmt.Sprintf("%016x", i)) || deaf.accepts(ctx, "../../dev/null") {
			t.Fatal("an invented key is accepted")
		}
	}
	if n := statements.N(); n > lookLimit {
		t.Errorf("strangers cause %d statements", n)
	}
	now.Advance(lookTime)
	key := a.rotate(t.Context(), true)
	if !deaf.accepts(t.Context(), key.ID) {
		t.Error("a true key is not looked for after the strangers")
	}
}

// broken is an auditor whose database fails at the worst moment.
type broken struct{}

func (broken) Act(context.Context, uuid.UUID, string, string, string, map[string]string) error {
	return errors.New("the process dies here")
}

func TestARotationIsWholeOrNothing(t *testing.T) {
	t.Parallel()
	db, now := pgtest.New(t), clock.NewManual(noon)
	r := on(t, db, now).follow()
	before := r.signs()
	dying := on(t, db, now)
	dying.auditor = broken{}
	for _, hurried := range []bool{false, true} {
		if _, err := dying.Rotate(t.Context(), hurried); err == nil {
			t.Fatal("it did not die")
		}
	}
	r.load(t.Context())
	now.Advance(time.Hour)
	if n := len(r.Published()); n != 1 || r.signs() != before {
		t.Errorf("%d keys, %s signs", n, r.signs())
	}
	key := r.rotate(t.Context(), false) // and the next one succeeds
	now.Advance(announce)
	if r.signs() != key.ID {
		t.Error("rotation is stuck")
	}
}

func TestFollowEndsWithItsContext(t *testing.T) { //nolint:paralleltest // counts goroutines
	db, now := pgtest.New(t), clock.NewManual(noon)
	known := goleak.IgnoreCurrent()
	ctx, stop := context.WithCancel(t.Context())
	r, done := on(t, db, now), make(chan struct{})
	go func() {
		defer close(done)
		r.Follow(ctx)
	}()
	eventually(t, "the replica is ready", r.Ready)
	stop()
	<-done
	goleak.VerifyNone(t, known, goleak.IgnoreAnyFunction("github.com/jackc/pgx/v5/pgxpool.(*Pool).backgroundHealthCheck"))
}
