package programme

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

func TestOutline(t *testing.T) {
	t.Parallel()
	t.Run("it shows every item with its state, reasons and opening", func(t *testing.T) {
		t.Parallel()
		ctx, db := pgtest.Tx(t)
		w := newWorld(ctx, t, db)
		who, cohort := w.member(ctx), w.cohort(ctx, "running", "2026-11-30", "2027-02-01")
		enrolment := w.enrol(ctx, who, cohort, "active", 1)
		w.exec(ctx, `INSERT INTO cohort_breaks (cohort_id, from_on, to_on) VALUES ($1, '2026-12-02', '2026-12-03')`, cohort)
		w.complete(ctx, who, w.first)
		opens := time.Date(2026, 12, 9, 14, 0, 0, 0, time.UTC)
		want := Outline{
			EnrolmentID: enrolment, CohortID: cohort, Programme: "Return to tech", Version: 1, MandatoryMet: 1, MandatoryTotal: 2,
			Items: []OutlineItem{
				{ID: w.module, Kind: Module, Title: "Looking back", State: NotStarted, Reasons: []Reason{}},
				{ID: w.first, ModuleID: w.module, Kind: Lesson, Title: "Where you are", Mandatory: true, Minutes: 20, State: Met, MetAt: w.clock.Now(), Reasons: []Reason{}},
				{ID: w.second, ModuleID: w.module, Kind: Lesson, Title: "What you learnt", Mandatory: true, Minutes: 30, State: NotStarted, Reasons: []Reason{}},
				{ID: w.milestone, Kind: Milestone, Title: "A first talk", State: NotStarted, Reasons: []Reason{
					{Code: NotReleased, At: opens}, {Code: Prerequisite, Items: []uuid.UUID{w.second}},
				}},
			},
		}
		if diff := cmp.Diff(want, w.outline(ctx, who, cohort)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		w.complete(ctx, who, w.second)
		if o := w.outline(ctx, who, cohort); !o.NextOpensAt.Equal(opens) || !o.Items[3].OpensAt.Equal(opens) || o.Items[0].State != Met {
			t.Errorf("next opens %s, module %s", o.NextOpensAt, o.Items[0].State)
		}
	})
	t.Run("it takes three statements", func(t *testing.T) {
		t.Parallel()
		ctx, db := pgtest.Tx(t)
		w := newWorld(ctx, t, db)
		who := w.member(ctx)
		w.enrol(ctx, who, w.cohort(ctx, "running", "2026-11-30", "2027-02-01"), "active", 1)
		counted, n := pg.Count(ctx)
		w.outline(counted, who, uuid.Nil)
		if n.N() != 3 {
			t.Errorf("%d statements, want 3", n.N())
		}
	})
	t.Run("a waived item counts as met and is shown as waived", func(t *testing.T) {
		t.Parallel()
		ctx, db := pgtest.Tx(t)
		w := newWorld(ctx, t, db)
		who := w.member(ctx)
		enrolment := w.enrol(ctx, who, w.cohort(ctx, "running", "2026-11-30", "2027-02-01"), "active", 1)
		w.exec(ctx, `INSERT INTO item_progress (enrolment_id, lineage_id, state, met_at, met_how) VALUES ($1, $2, 'waived', $3, 'prior')`, enrolment, w.first, w.clock.Now())
		o := w.outline(ctx, who, uuid.Nil)
		if o.Items[1].State != Waived || o.MandatoryMet != 1 || !o.Items[2].Open() {
			t.Errorf("%+v", o)
		}
	})
}

func TestOutlineChoosesTheCohort(t *testing.T) {
	t.Parallel()
	ctx, db := pgtest.Tx(t)
	w := newWorld(ctx, t, db)
	who, other := w.member(ctx), w.member(ctx)
	none := func(name string, id uuid.UUID) {
		if _, err := w.p.Outline(ctx, who, id); !errors.Is(err, ErrNoOutline) {
			t.Errorf("%s: %v, want outline-none", name, err)
		}
	}
	expect := func(name string, id uuid.UUID) {
		if got := w.outline(ctx, who, uuid.Nil).CohortID; got != id {
			t.Errorf("%s: not that cohort", name)
		}
	}
	foreign := w.cohort(ctx, "running", "2026-11-30", "2027-02-01")
	w.enrol(ctx, other, foreign, "active", 1)
	none("before she is enrolled", uuid.Nil)
	none("a cohort of another", foreign)
	none("a cohort that is not there", pg.NewID())
	left := w.cohort(ctx, "running", "2026-11-30", "2027-02-01")
	w.enrol(ctx, who, left, "withdrawn", 1)
	none("a cohort she has left", left)
	far, near := w.cohort(ctx, "open", "2027-09-01", "2027-12-01"), w.cohort(ctx, "open", "2027-03-01", "2027-06-01")
	w.enrol(ctx, who, far, "active", 1)
	w.enrol(ctx, who, near, "active", 1)
	expect("before any has started, the nearest", near)
	old := w.cohort(ctx, "completed", "2025-01-01", "2025-06-01")
	w.enrol(ctx, who, old, "completed", 1)
	expect("one that has started before those that have not", old)
	running := w.cohort(ctx, "running", "2026-12-01", "2027-06-01")
	w.enrol(ctx, who, running, "active", 1)
	expect("the one that started last, today where it is", running)
	w.enrol(ctx, who, w.cohort(ctx, "cancelled", "2026-12-01", "2027-06-01"), "active", 1)
	expect("a cancelled one comes last", running)
	if got := w.outline(ctx, who, old); got.CohortID != old || got.Items[1].Reasons[0].Code != CohortEnded {
		t.Errorf("asked for by id: %+v", got)
	}
}

func TestOutlineFollowsMembershipAndPlace(t *testing.T) {
	t.Parallel()
	ctx, db := pgtest.Tx(t)
	w := newWorld(ctx, t, db)
	who := w.member(ctx)
	enrolment := w.enrol(ctx, who, w.cohort(ctx, "running", "2026-11-30", "2027-02-01"), "active", 1)
	w.complete(ctx, who, w.first)
	expect := func(name string, want ...Code) {
		t.Helper()
		o := w.outline(ctx, who, uuid.Nil)
		var got []Code
		for _, r := range o.Items[2].Reasons {
			got = append(got, r.Code)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if !o.Items[1].Open() || o.MandatoryMet != 1 {
			t.Errorf("%s: what she has met is lost", name)
		}
	}
	until := w.clock.Now()
	w.exec(ctx, `UPDATE member_access SET until = $2 WHERE user_id = $1`, who.ID, until.Add(time.Second))
	expect("access that still lasts")
	w.exec(ctx, `UPDATE member_access SET until = $2 WHERE user_id = $1`, who.ID, until)
	expect("access that has ended", MembershipInactive)
	w.exec(ctx, `UPDATE member_access SET level = 'read_only', until = NULL WHERE user_id = $1`, who.ID)
	expect("access for reading only", MembershipInactive)
	w.exec(ctx, `UPDATE enrolments SET state = 'paused' WHERE id = $1`, enrolment)
	expect("a paused place as well", Paused, MembershipInactive)
	w.exec(ctx, `DELETE FROM member_access WHERE user_id = $1`, who.ID)
	expect("no access at all", Paused, MembershipInactive)
}
