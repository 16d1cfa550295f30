package keyring

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

const tokenLife = 10*time.Minute + 30*time.Second

// acts remembers what was audited, in place of the audit domain.
type acts struct {
	mu   sync.Mutex
	seen []string
}

func (a *acts) Act(_ context.Context, _ uuid.UUID, action, kind, id string, detail map[string]string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.seen = append(a.seen, action+" "+detail["reason"])
	if kind != "signing-key" || len(id) != 16 {
		a.seen = append(a.seen, "about nothing")
	}
	return nil
}

// replica is the keyring of one process.
type replica struct {
	*Keyring

	t    *testing.T
	now  *clock.Manual
	acts *acts
	log  *bytes.Buffer
}

func envKey(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
}

func on(t *testing.T, db *pg.DB, now *clock.Manual, own ...ed25519.PrivateKey) replica {
	t.Helper()
	r := replica{t: t, now: now, acts: &acts{}, log: &bytes.Buffer{}}
	var err error
	r.Keyring, err = New(db, now, Config{
		Environment: own, SealKey: bytes.Repeat([]byte("k"), 32), TokenLife: tokenLife, Auditor: r.acts,
		Logger: slog.New(slog.NewTextHandler(r.log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (r replica) load(ctx context.Context) {
	r.t.Helper()
	if err := r.Load(ctx); err != nil {
		r.t.Fatal(err)
	}
}

func (r replica) rotate(ctx context.Context, hurried bool) Key {
	r.t.Helper()
	key, err := r.Rotate(ctx, hurried)
	if err != nil {
		r.t.Fatal(err)
	}
	r.load(ctx)
	return key
}

// signs gives the key a token would be signed with now, "" for none.
func (r replica) signs() string {
	id, private, err := r.Signing()
	if err == nil && newKey(private).ID != id {
		r.t.Errorf("the key %s is called %s", newKey(private).ID, id)
	}
	return id
}

func (r replica) accepts(ctx context.Context, id string) bool {
	_, ok := r.Public(ctx, id)
	return ok
}

func TestTheEnvironmentSignsUntilTheTableDoes(t *testing.T) {
	t.Parallel()
	ctx, db := pgtest.Tx(t)
	now := clock.NewManual(noon)
	r := on(t, db, now, envKey(1), envKey(2))
	first, second := newKey(envKey(1)).ID, newKey(envKey(2)).ID
	if err := r.keep(ctx); err != nil {
		t.Fatal(err)
	}
	r.load(ctx)
	made := r.Published()[0]
	if r.signs() != first || !made.SignsAt.Equal(noon.Add(handover)) || !r.accepts(ctx, made.ID) {
		t.Errorf("%s signs, %+v is announced", r.signs(), made)
	}
	now.Advance(handover - time.Second)
	if r.signs() != first {
		t.Error("the table took over early")
	}
	now.Advance(time.Second)
	if r.signs() != made.ID || !r.accepts(ctx, first) || !r.accepts(ctx, second) {
		t.Error("the table signs then, and the environment stays accepted")
	}
	now.Advance(1000 * time.Hour)
	if !r.accepts(ctx, first) {
		t.Error("a key of the environment is accepted as long as it is there")
	}
}

func TestARotationGoesThroughItsStates(t *testing.T) {
	t.Parallel()
	ctx, db := pgtest.Tx(t)
	now := clock.NewManual(noon)
	r := on(t, db, now)
	if err := r.catchUp(ctx); err != nil {
		t.Fatal(err)
	}
	old := r.signs()
	young := r.rotate(ctx, false).ID
	for _, step := range []struct {
		after              time.Duration
		signs              string
		oldState, newState State
	}{
		{0, old, Signing, Announced},
		{announce - time.Second, old, Signing, Announced},
		{announce, young, Retired, Signing},
		{announce + tokenLife + overlap - time.Second, young, Retired, Signing},
		{announce + tokenLife + overlap, young, Gone, Signing},
	} {
		now.Set(noon.Add(step.after))
		states := map[string]State{old: Gone}
		list, err := r.List(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range list {
			states[key.ID] = key.State
		}
		if r.signs() != step.signs || states[old] != step.oldState || states[young] != step.newState {
			t.Errorf("after %s %s signs and the states are %v", step.after, r.signs(), states)
		}
		if r.accepts(ctx, old) != (step.oldState != Gone) || !r.accepts(ctx, young) {
			t.Errorf("after %s: accepted %v %v", step.after, r.accepts(ctx, old), r.accepts(ctx, young))
		}
	}
	if err := r.keep(ctx); err != nil {
		t.Fatal(err)
	}
	if rows, err := r.rows(ctx); err != nil || len(rows) != 1 || rows[0].Kid != young {
		t.Errorf("left in the table: %v, %v", rows, err)
	}
	want := "signing-key.announce first,signing-key.announce asked,signing-key.forget gone"
	if got := strings.Join(r.acts.seen, ","); got != want {
		t.Errorf("audited: %s", got)
	}
}

func TestRotatingTwiceQuickly(t *testing.T) {
	t.Parallel()
	ctx, db := pgtest.Tx(t)
	now := clock.NewManual(noon)
	r := on(t, db, now)
	if err := r.catchUp(ctx); err != nil {
		t.Fatal(err)
	}
	old := r.signs()
	a, b := r.rotate(ctx, false), r.rotate(ctx, false)
	if a.ID != b.ID || !a.SignsAt.Equal(b.SignsAt) {
		t.Errorf("a second key is announced: %+v, %+v", a, b)
	}
	hurried := r.rotate(ctx, true)
	if hurried.ID != a.ID || !hurried.SignsAt.Equal(noon.Add(hurry)) {
		t.Errorf("the announced one is not hastened: %+v", hurried)
	}
	if again := r.rotate(ctx, true); !again.SignsAt.Equal(hurried.SignsAt) {
		t.Errorf("hurrying twice puts it off: %+v", again)
	}
	now.Advance(hurry)
	next := r.rotate(ctx, true)
	now.Advance(hurry)
	if r.signs() != next.ID || next.ID == a.ID {
		t.Errorf("%s signs, want %s", r.signs(), next.ID)
	}
	for _, id := range []string{old, a.ID, next.ID} {
		if !r.accepts(ctx, id) {
			t.Errorf("%s is refused although its tokens are still good", id)
		}
	}
}

func TestKeysRotateByThemselvesAfterNinetyDays(t *testing.T) {
	t.Parallel()
	ctx, db := pgtest.Tx(t)
	now := clock.NewManual(noon)
	r := on(t, db, now)
	for range 3 { // a job may run more than once
		if err := r.keep(ctx); err != nil {
			t.Fatal(err)
		}
	}
	r.load(ctx)
	first := r.signs()
	now.Advance(RotateAfter - time.Second)
	if err := r.keep(ctx); err != nil || len(r.Published()) != 1 {
		t.Errorf("rotated early: %v", err)
	}
	now.Advance(time.Second)
	for range 3 {
		if err := r.keep(ctx); err != nil {
			t.Fatal(err)
		}
	}
	r.load(ctx)
	if keys := r.Published(); len(keys) != 2 || r.signs() != first {
		t.Errorf("%+v, %s signs", keys, r.signs())
	}
	now.Advance(announce)
	if r.signs() == first {
		t.Error("the first still signs")
	}
}

func TestAKeyThatHasLeakedIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	ctx, db := pgtest.Tx(t)
	now := clock.NewManual(noon)
	r := on(t, db, now)
	if err := r.catchUp(ctx); err != nil {
		t.Fatal(err)
	}
	leaked := r.signs()
	if err := r.Forget(ctx, leaked); err == nil {
		t.Error("the only key that signs was taken away")
	}
	r.rotate(ctx, true)
	now.Advance(hurry)
	if err := r.Forget(ctx, leaked); err != nil {
		t.Fatal(err)
	}
	r.load(ctx)
	if r.accepts(ctx, leaked) {
		t.Error("it is still accepted")
	}
	if err := r.Forget(ctx, leaked); err == nil {
		t.Error("taken away twice")
	}
}
