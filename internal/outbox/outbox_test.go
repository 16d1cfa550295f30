package outbox_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/outbox"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

type box struct {
	*outbox.Outbox
	t   *testing.T
	db  *pg.DB
	now *clock.Manual
}

func newBox(t *testing.T) box {
	t.Helper()
	db, now := pgtest.New(t), clock.NewManual(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
	return box{outbox.New(db, now), t, db, now}
}

func (b box) published(types ...string) {
	b.t.Helper()
	for _, name := range types {
		err := b.db.InTx(b.t.Context(), func(ctx context.Context) error {
			return b.Publish(ctx, outbox.Event{Type: name, SpaceID: pg.NewID()})
		})
		if err != nil {
			b.t.Fatal(err)
		}
	}
}

// caughtUp waits until all that was published can be read: transactions of
// other tests in the same server hold the horizon back for a moment.
func (b box) caughtUp() {
	b.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		var hidden int
		err := b.db.Pool().QueryRow(b.t.Context(), `SELECT count(*) FROM outbox WHERE xid >= pg_snapshot_xmin(pg_current_snapshot())`).Scan(&hidden)
		if err == nil && hidden == 0 {
			return
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("%d events cannot be read (%v)", hidden, err)
		}
	}
}

func (b box) head() outbox.Position {
	b.t.Helper()
	p, err := b.Head(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	return p
}

func (b box) after(p outbox.Position) []string {
	b.t.Helper()
	events, err := b.After(b.t.Context(), p, 100)
	if err != nil {
		b.t.Fatal(err)
	}
	var types []string
	for _, e := range events {
		types = append(types, e.Type)
	}
	return types
}

func (b box) covers(p outbox.Position) bool {
	b.t.Helper()
	whole, err := b.Covers(b.t.Context(), p)
	if err != nil {
		b.t.Fatal(err)
	}
	return whole
}

func TestAnEventIsReadAsItWasPublished(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	start := b.head()
	want := []outbox.Event{
		{Type: "post.created", SpaceID: pg.NewID(), TopicID: pg.NewID(), PostID: pg.NewID(), PostNumber: 7, Version: 1, At: b.now.Now()},
		{Type: "read.moved", UserID: pg.NewID(), TopicID: pg.NewID(), PostNumber: 7, At: b.now.Now()},
		{Type: outbox.AccessChanged, UserID: pg.NewID(), Internal: true, At: b.now.Now()},
	}
	want = append(want, want[2])
	err := b.db.InTx(t.Context(), func(ctx context.Context) error {
		for _, e := range want[:2] {
			if err := b.Publish(ctx, e); err != nil {
				return err
			}
		}
		if err := b.Revoke(ctx, want[2].UserID); err != nil {
			return err
		}
		return b.RevokeAll(ctx, []uuid.UUID{want[3].UserID})
	})
	if err != nil {
		t.Fatal(err)
	}
	b.caughtUp()
	got, err := b.After(t.Context(), start, 100)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(outbox.Event{}, "Position"), cmpopts.EquateApproxTime(0)); diff != "" {
		t.Error(diff)
	}
	for _, e := range got {
		if back, ok := outbox.ParsePosition(e.Position.String()); !ok || back != e.Position {
			t.Errorf("%s is read as %v", e.Position, back)
		}
	}
	if h := b.head(); h != got[len(got)-1].Position {
		t.Errorf("the head is %v", h)
	}
}

func TestThereIsNoEventForEverybodyAndNoneOutsideATransaction(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	if err := b.Publish(t.Context(), outbox.Event{Type: "x", SpaceID: pg.NewID()}); err == nil {
		t.Error("published outside a transaction")
	}
	if err := b.RevokeAll(t.Context(), []uuid.UUID{pg.NewID()}); err == nil {
		t.Error("revoked outside a transaction")
	}
	err := b.db.InTx(t.Context(), func(ctx context.Context) error { return b.Publish(ctx, outbox.Event{Type: "x"}) })
	if err == nil {
		t.Error("published to everybody")
	}
	if got := b.after(outbox.Position{Epoch: b.head().Epoch}); len(got) != 0 {
		t.Errorf("left behind: %v", got)
	}
}

func TestATransactionThatCommitsLateIsNeverSkipped(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.published("first")
	b.caughtUp()
	start := b.head()
	begun, finish, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- b.db.InTx(context.WithoutCancel(t.Context()), func(ctx context.Context) error {
			err := b.Publish(ctx, outbox.Event{Type: "late", SpaceID: pg.NewID()})
			close(begun)
			<-finish
			return err
		})
	}()
	<-begun
	b.published("early", "earlier still")
	if got := b.after(start); len(got) != 0 {
		t.Errorf("read past a running transaction: %v", got)
	}
	if b.head() != start {
		t.Error("the head moved past a running transaction")
	}
	close(finish)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	b.caughtUp()
	if got := b.after(start); !slices.Equal(got, []string{"late", "early", "earlier still"}) {
		t.Errorf("read %v", got)
	}
}

func TestAStreamResumesOnlyWhereNothingIsMissing(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	empty := b.head()
	if !b.covers(empty) {
		t.Error("an outbox never used has nothing to miss")
	}
	b.published("one")
	b.caughtUp()
	one := b.head()
	b.now.Advance(time.Hour)
	b.published("two")
	b.caughtUp()
	two := b.head()
	foreign, future := one, two
	foreign.Epoch = "other"
	future.ID++
	for name, c := range map[string]struct {
		at   outbox.Position
		want bool
	}{"the beginning": {empty, true}, "the first": {one, true}, "the head": {two, true}, "another epoch": {foreign, false}, "a place that is not there": {future, false}} {
		if b.covers(c.at) != c.want {
			t.Errorf("%s: covered %v", name, !c.want)
		}
	}
	if err := b.Prune(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	if b.covers(empty) || b.covers(one) || !b.covers(two) {
		t.Error("after pruning, only what is left is covered")
	}
	b.now.Advance(time.Hour)
	if err := b.Prune(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	if b.head() != two || !b.covers(two) {
		t.Error("a quiet day took away the last place to resume from")
	}
}

func TestPruningLeavesNoGap(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.published("one")
	b.caughtUp()
	one := b.head()
	b.now.Advance(-time.Hour) // a node whose clock is slow
	b.published("two")
	b.now.Advance(2 * time.Hour)
	b.published("three")
	b.caughtUp()
	if err := b.Prune(t.Context(), 90*time.Minute); err != nil {
		t.Fatal(err)
	}
	events, err := b.After(t.Context(), one, 10)
	if err != nil || len(events) != 2 || !b.covers(one) {
		t.Errorf("behind the first are %d events, covered %v (%v)", len(events), b.covers(one), err)
	}
}

func TestPositionsAreOrderedAndParsedStrictly(t *testing.T) {
	t.Parallel()
	low, mid, high := outbox.Position{Xid: 1, ID: 9}, outbox.Position{Xid: 2, ID: 1}, outbox.Position{Xid: 2, ID: 2}
	if !low.Before(mid) || !mid.Before(high) || high.Before(mid) || mid.Before(mid) {
		t.Error("not ordered by transaction, then id")
	}
	for _, s := range []string{"", "a", "a.1", "a.1.2.3", ".1.2", "a.-1.2", "a.x.2", "a.1.y", "a.1.99999999999999999999"} {
		if p, ok := outbox.ParsePosition(s); ok {
			t.Errorf("%q is read as %v", s, p)
		}
	}
}

func TestListenersAreWokenByACommit(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	ctx, stop := context.WithCancel(t.Context())
	wake, done := make(chan uuid.UUID, 10), make(chan error, 1)
	go func() { done <- b.Listen(ctx, func(whose uuid.UUID) { wake <- whose }) }()
	<-wake // it listens
	woken := func() uuid.UUID {
		t.Helper()
		select {
		case whose := <-wake:
			return whose
		case <-time.After(10 * time.Second):
			t.Fatal("nobody was woken")
			return uuid.Nil
		}
	}
	b.published("one")
	if whose := woken(); whose != uuid.Nil {
		t.Errorf("an event for a space is of %v", whose)
	}
	her := pg.NewID()
	if err := b.db.InTx(t.Context(), func(ctx context.Context) error { return b.Revoke(ctx, her) }); err != nil {
		t.Fatal(err)
	}
	if first, second := woken(), woken(); first != her && second != her {
		t.Errorf("woken for %v and %v, not for her", first, second)
	}
	stop()
	if err := <-done; err == nil {
		t.Error("listening ended without a reason")
	}
}
