package programme

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

func TestPublish(t *testing.T) {
	t.Parallel()
	ctx, db := pgtest.Tx(t)
	w := newWorld(ctx, t, db)
	next := w.content()
	next.Title = "Return to tech, again"
	second, err := w.p.Publish(ctx, next)
	if err != nil {
		t.Fatal(err)
	}
	tx, _ := db.Tx(ctx)
	type row struct {
		Number int64
		State  string
		Dated  bool
		Items  int64
	}
	var got []row
	for _, id := range []uuid.UUID{w.version, second} {
		var r row
		err := tx.QueryRow(ctx, `SELECT number, state, published_at IS NOT NULL, (SELECT count(*) FROM programme_items WHERE version_id = v.id)
			FROM programme_versions v JOIN programmes p ON p.id = v.programme_id WHERE v.id = $1 AND p.title = $2`, id, next.Title).
			Scan(&r.Number, &r.State, &r.Dated, &r.Items)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r)
	}
	if diff := cmp.Diff([]row{{1, "published", true, 4}, {2, "published", true, 4}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPublishKeepsCohortsWhereTheyAre(t *testing.T) {
	t.Parallel()
	ctx, db := pgtest.Tx(t)
	w := newWorld(ctx, t, db)
	who := w.member(ctx)
	w.enrol(ctx, who, w.cohort(ctx, "running", "2026-11-30", "2027-02-01"), "active", 1)
	before := w.outline(ctx, who, uuid.Nil)
	next := w.content()
	next.Items = slices.Delete(next.Items, 2, 4)
	if _, err := w.p.Publish(ctx, next); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, w.outline(ctx, who, uuid.Nil)); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
}

func TestPublishRefuses(t *testing.T) {
	t.Parallel()
	a, b, c, m := lineage(1), lineage(2), lineage(3), lineage(4)
	lesson := func(id uuid.UUID, title string, requires ...uuid.UUID) NewItem {
		return NewItem{Lineage: id, Kind: Lesson, Title: title, Mandatory: true, Requires: requires}
	}
	in := func(i NewItem, module uuid.UUID) NewItem { i.Module = module; return i }
	optional := func(i NewItem) NewItem { i.Mandatory = false; return i }
	module := func(requires ...uuid.UUID) NewItem {
		return NewItem{Lineage: m, Kind: Module, Title: "M", Requires: requires}
	}
	days := int64(-1)
	for _, c := range []struct {
		name   string
		items  []NewItem
		code   string
		at     string
		detail string
	}{
		{"an empty programme", nil, "mandatory-none", "#/items", ""},
		{"only optional lessons", []NewItem{optional(lesson(a, "A"))}, "mandatory-none", "#/items", ""},
		{"a mandatory module is no lesson", []NewItem{{Lineage: m, Kind: Module, Title: "M", Mandatory: true}}, "mandatory-none", "#/items", ""},
		{"a mandatory module without mandatory lessons", []NewItem{{Lineage: m, Kind: Module, Title: "M", Mandatory: true}, lesson(a, "A")}, "module-empty", "#/items/0", ""},
		{"the same lineage twice", []NewItem{lesson(a, "A"), lesson(a, "B")}, "lineage-duplicate", "#/items/1/lineage", ""},
		{"an unknown prerequisite", []NewItem{lesson(a, "A", b)}, "prerequisite-unknown", "#/items/0/requires/0", ""},
		{"a prerequisite twice", []NewItem{lesson(a, "A"), lesson(b, "B", a, a)}, "prerequisite-duplicate", "#/items/1/requires/1", ""},
		{"a prerequisite nobody can meet", []NewItem{module(), lesson(a, "A", m)}, "prerequisite-empty", "#/items/1/requires/0", ""},
		{"an unknown module", []NewItem{in(lesson(a, "A"), m)}, "module-unknown", "#/items/0/module", ""},
		{"a module in a module", []NewItem{module(), {Lineage: b, Kind: Module, Title: "N", Module: m}, lesson(a, "A")}, "module-unknown", "#/items/1/module", ""},
		{"a lesson in a lesson", []NewItem{lesson(a, "A"), in(lesson(b, "B"), a)}, "module-unknown", "#/items/1/module", ""},
		{"an unknown kind", []NewItem{lesson(a, "A"), {Lineage: b, Kind: "quiz", Title: "B"}}, "item-incomplete", "#/items/1", ""},
		{"no title", []NewItem{lesson(a, " ")}, "item-incomplete", "#/items/0", ""},
		{"days before the start", []NewItem{{Lineage: a, Kind: Lesson, Title: "A", Mandatory: true, ReleaseDays: &days}}, "time-out-of-range", "#/items/0", ""},
		{"a minute after midnight", []NewItem{{Lineage: a, Kind: Lesson, Title: "A", Mandatory: true, ReleaseMinute: 1440}}, "time-out-of-range", "#/items/0", ""},
		{"an item that requires itself", []NewItem{lesson(a, "A", a)}, "prerequisite-cycle", "#/items/0/requires", "A → A"},
		{"a circle of three, named", []NewItem{lesson(a, "A", b), lesson(b, "B", c), lesson(c, "C", a)}, "prerequisite-cycle", "#/items/0/requires", "A → B → C → A"},
		{"a circle behind a start that is not in it", []NewItem{lesson(a, "A", b), lesson(b, "B", c), lesson(c, "C", b)}, "prerequisite-cycle", "#/items/0/requires", "B → C → B"},
		{"a lesson that requires its own module", []NewItem{module(), in(lesson(a, "A", m), m)}, "prerequisite-cycle", "#/items/0/requires", "M → A → M"},
		{"a module that requires its own lesson", []NewItem{module(a), in(lesson(a, "A"), m)}, "prerequisite-cycle", "#/items/0/requires", "A → A"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			fields := check(NewVersion{Slug: "slug", Title: "title", Items: c.items})
			n := slices.IndexFunc(fields, func(f fault.Field) bool { return f.Code == c.code })
			if n < 0 || fields[n].Pointer != c.at || !strings.Contains(fields[n].Detail, c.detail) {
				t.Errorf("got %+v, want %s at %s with %q", fields, c.code, c.at, c.detail)
			}
		})
	}
}

func TestRefusedVersionIsNotWritten(t *testing.T) {
	t.Parallel()
	ctx, db := pgtest.Tx(t)
	w := newWorld(ctx, t, db)
	bad := w.content()
	bad.Items[1].Requires = []uuid.UUID{w.milestone}
	if _, err := w.p.Publish(ctx, bad); !errors.Is(err, ErrVersion) || len(fault.From(err).Fields) != 1 {
		t.Fatalf("%v, want programme-invalid", err)
	}
	tx, _ := db.Tx(ctx)
	var n int
	if err := tx.QueryRow(ctx, `SELECT count(*) FROM programme_versions`).Scan(&n); err != nil || n != 1 {
		t.Errorf("%d versions, %v", n, err)
	}
}
