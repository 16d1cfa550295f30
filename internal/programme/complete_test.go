package programme

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

func TestComplete(t *testing.T) {
	t.Parallel()
	t.Run("it records when and who, and answers the item", func(t *testing.T) {
		t.Parallel()
		ctx, db := pgtest.Tx(t)
		w := newWorld(ctx, t, db)
		who := w.member(ctx)
		enrolment := w.enrol(ctx, who, w.cohort(ctx, "running", "2026-11-30", "2027-02-01"), "active", 1)
		got := w.complete(ctx, who, w.first)
		want := OutlineItem{ID: w.first, ModuleID: w.module, Kind: Lesson, Title: "Where you are", Mandatory: true, Minutes: 20, State: Met, MetAt: w.clock.Now(), Reasons: []Reason{}, Opens: []uuid.UUID{w.second}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		tx, _ := db.Tx(ctx)
		var how string
		var actor uuid.UUID
		if err := tx.QueryRow(ctx, `SELECT met_how, actor_id FROM item_progress WHERE enrolment_id = $1`, enrolment).Scan(&how, &actor); err != nil || how != "self" || actor != who.ID {
			t.Errorf("kept %q by %s, %v", how, actor, err)
		}
	})
	t.Run("doing it again keeps the first date, even when it could not be done any more", func(t *testing.T) {
		t.Parallel()
		ctx, db := pgtest.Tx(t)
		w := newWorld(ctx, t, db)
		who := w.member(ctx)
		w.enrol(ctx, who, w.cohort(ctx, "running", "2026-11-30", "2027-02-01"), "active", 1)
		first := w.complete(ctx, who, w.first)
		if diff := cmp.Diff(first, w.complete(ctx, who, w.first)); diff != "" {
			t.Errorf("at once (-first +second):\n%s", diff)
		}
		w.clock.Advance(365 * 24 * time.Hour)
		w.exec(ctx, `DELETE FROM member_access WHERE user_id = $1`, who.ID)
		first.Opens = nil // everything has closed
		if diff := cmp.Diff(first, w.complete(ctx, who, w.first)); diff != "" {
			t.Errorf("(-first +second):\n%s", diff)
		}
	})
	t.Run("the newest of her cohorts is meant, and only her own", func(t *testing.T) {
		t.Parallel()
		ctx, db := pgtest.Tx(t)
		w := newWorld(ctx, t, db)
		who, other := w.member(ctx), w.member(ctx)
		old, now := w.cohort(ctx, "running", "2026-09-01", "2027-02-01"), w.cohort(ctx, "running", "2026-11-30", "2027-02-01")
		w.enrol(ctx, who, old, "active", 1)
		w.enrol(ctx, who, now, "active", 1)
		w.enrol(ctx, other, now, "active", 1)
		w.complete(ctx, who, w.first)
		if w.outline(ctx, who, now).MandatoryMet != 1 || w.outline(ctx, who, old).MandatoryMet != 0 || w.outline(ctx, other, now).MandatoryMet != 0 {
			t.Error("another enrolment was touched, or hers was not")
		}
	})
}

func TestCompleteSaysNo(t *testing.T) {
	t.Parallel()
	ctx, db := pgtest.Tx(t)
	w := newWorld(ctx, t, db)
	who, stranger := w.member(ctx), w.member(ctx)
	w.enrol(ctx, who, w.cohort(ctx, "running", "2026-11-30", "2027-02-01"), "active", 1)
	t.Run("an item that is not there, or not hers, is not found", func(t *testing.T) {
		if _, err := w.p.Complete(ctx, who, pg.NewID()); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("not there: %v", err)
		}
		if _, err := w.p.Complete(ctx, stranger, w.first); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("not hers: %v", err)
		}
	})
	t.Run("a module is derived", func(t *testing.T) {
		if _, err := w.p.Complete(ctx, who, w.module); !errors.Is(err, ErrModule) {
			t.Errorf("%v, want item-derived", err)
		}
	})
	t.Run("a locked item names every reason", func(t *testing.T) {
		_, err := w.p.Complete(ctx, who, w.milestone)
		if !errors.Is(err, ErrLocked) {
			t.Fatalf("%v, want item-locked", err)
		}
		want := []fault.Field{
			{Pointer: "#/path/id", Code: "not_released", Detail: "It opens on 7 December 2026 14:00 UTC."},
			{Pointer: "#/path/id", Code: "prerequisite", Detail: "First do " + w.second.String() + "."},
		}
		if diff := cmp.Diff(want, fault.From(err).Fields); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
	t.Run("and nothing was recorded", func(t *testing.T) {
		if o := w.outline(ctx, who, uuid.Nil); o.MandatoryMet != 0 || o.Items[3].State != NotStarted {
			t.Errorf("%+v", o)
		}
	})
}

func TestEveryReasonHasASentence(t *testing.T) {
	t.Parallel()
	seen := map[string]Code{}
	for _, c := range []Code{NotReleased, Prerequisite, CohortNotStarted, CohortEnded, Paused, MembershipInactive} {
		s := sentence(Reason{Code: c})
		if before, twice := seen[s]; twice {
			t.Errorf("%s and %s say the same", before, c)
		}
		seen[s] = c
	}
}

func TestCompleteAtTheSameTime(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	ctx := t.Context()
	w := newWorld(ctx, t, db)
	who := w.member(ctx)
	w.enrol(ctx, who, w.cohort(ctx, "running", "2026-11-30", "2027-02-01"), "active", 1)
	const n = 8
	dates := make([]time.Time, n)
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			w.clock.Advance(time.Second)
			item, err := w.p.Complete(context.WithoutCancel(ctx), who, w.first)
			if err != nil {
				t.Error(err)
			}
			dates[i] = item.MetAt
		})
	}
	group.Wait()
	for _, d := range dates {
		if !d.Equal(dates[0]) {
			t.Errorf("two dates: %s and %s", d, dates[0])
		}
	}
}
