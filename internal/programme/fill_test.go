package programme

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"
)

func lineage(n int) uuid.UUID { return uuid.UUID{0: 1, 15: byte(n)} }

// curriculum draws a version that can be published: prerequisites point back.
func curriculum(t *rapid.T) []NewItem {
	items := []NewItem{
		{Lineage: lineage(1), Kind: Module, Title: "module"},
		{Lineage: lineage(2), Kind: Lesson, Title: "first", Mandatory: true, Module: lineage(1)},
	}
	for n := 3; n <= rapid.IntRange(3, 12).Draw(t, "items"); n++ {
		i := NewItem{Lineage: lineage(n), Kind: Lesson, Title: "lesson", Mandatory: rapid.Bool().Draw(t, "mandatory")}
		if i.Mandatory && rapid.Bool().Draw(t, "in the module") {
			i.Module = lineage(1)
		}
		if rapid.Bool().Draw(t, "dated") {
			days := rapid.Int64Range(0, 30).Draw(t, "days")
			i.ReleaseDays = &days
		}
		if rapid.Bool().Draw(t, "requires") {
			i.Requires = []uuid.UUID{lineage(rapid.IntRange(2, n-1).Draw(t, "which"))}
		}
		items = append(items, i)
	}
	return items
}

func facts(items []NewItem, met map[uuid.UUID]time.Time) []itemRow {
	rows := make([]itemRow, len(items))
	for n, i := range items {
		rows[n] = itemRow{
			LineageID: i.Lineage, ModuleLineage: i.Module, Kind: i.Kind, Mandatory: i.Mandatory,
			ReleaseDays: i.ReleaseDays, Requires: i.Requires,
		}
		if at, ok := met[i.Lineage]; ok {
			rows[n].State, rows[n].MetAt = Met, &at
		}
	}
	return rows
}

func outlineAt(s standing, items []NewItem, met map[uuid.UUID]time.Time) Outline {
	var o Outline
	o.fill(s, facts(items, met))
	return o
}

// work completes whatever is open, in an order drawn at random, until nothing is.
func work(t *rapid.T, s standing, items []NewItem) map[uuid.UUID]time.Time {
	met := map[uuid.UUID]time.Time{}
	for {
		open := slices.DeleteFunc(outlineAt(s, items, met).Items, func(i OutlineItem) bool {
			return i.Kind == Module || i.State != NotStarted || !i.Open()
		})
		if len(open) == 0 {
			return met
		}
		met[rapid.SampledFrom(open).Draw(t, "next").ID] = s.now
	}
}

func TestOutlineProperties(t *testing.T) {
	t.Parallel()
	during := standing{
		now: day(t, "2026-12-10"), calendar: run(t, "UTC", "2026-11-23", "2027-03-01"),
		cohortState: "running", member: true,
	}
	lastDay, yearsLater := day(t, "2027-03-01"), day(t, "2030-01-01")
	t.Run("what is met is never more than what there is", rapid.MakeCheck(func(t *rapid.T) {
		items := curriculum(t)
		o := outlineAt(during, items, work(t, during, items))
		if o.MandatoryMet < 0 || o.MandatoryMet > o.MandatoryTotal || o.MandatoryTotal < 1 {
			t.Fatalf("%d of %d", o.MandatoryMet, o.MandatoryTotal)
		}
	}))
	t.Run("the order of completions does not matter", rapid.MakeCheck(func(t *rapid.T) {
		items := curriculum(t)
		one := outlineAt(during, items, work(t, during, items))
		other := outlineAt(during, items, work(t, during, items))
		if diff := cmp.Diff(one, other); diff != "" {
			t.Fatalf("(-one +other):\n%s", diff)
		}
	}))
	t.Run("with time everything can be finished: nothing waits for itself", rapid.MakeCheck(func(t *rapid.T) {
		items := curriculum(t)
		if fields := check(NewVersion{"slug", "title", items}); len(fields) > 0 {
			t.Fatalf("not publishable: %v", fields)
		}
		late := during
		late.now = lastDay
		if o := outlineAt(late, items, work(t, late, items)); o.MandatoryMet != o.MandatoryTotal || o.Items[0].State != Met {
			t.Fatalf("stuck at %d of %d, the module is %s", o.MandatoryMet, o.MandatoryTotal, o.Items[0].State)
		}
	}))
	t.Run("an optional item more changes no count", rapid.MakeCheck(func(t *rapid.T) {
		items := curriculum(t)
		met := work(t, during, items)
		before := outlineAt(during, items, met)
		after := outlineAt(during, append(items, NewItem{Lineage: lineage(99), Kind: Lesson, Module: lineage(1)}), met)
		if before.MandatoryMet != after.MandatoryMet || before.MandatoryTotal != after.MandatoryTotal || after.Items[0].State != before.Items[0].State {
			t.Fatalf("%d/%d became %d/%d", before.MandatoryMet, before.MandatoryTotal, after.MandatoryMet, after.MandatoryTotal)
		}
	}))
	t.Run("what is met stays open whatever happens", rapid.MakeCheck(func(t *rapid.T) {
		items := curriculum(t)
		met := work(t, during, items)
		gone := standing{now: yearsLater, calendar: during.calendar, cohortState: "cancelled", paused: true}
		for _, i := range outlineAt(gone, items, met).Items {
			if _, done := met[i.ID]; done && !i.Open() {
				t.Fatalf("%s is locked: %v", i.ID, i.Reasons)
			}
		}
	}))
}

func TestModules(t *testing.T) {
	t.Parallel()
	noon := day(t, "2026-12-10").Add(12 * time.Hour)
	s := standing{now: noon, calendar: run(t, "UTC", "2026-11-23", "2027-03-01"), cohortState: "running", member: true}
	days, more := int64(30), int64(60)
	items := []NewItem{
		{Lineage: lineage(1), Kind: Module, ReleaseDays: &days, Requires: []uuid.UUID{lineage(5)}},
		{Lineage: lineage(2), Kind: Lesson, Mandatory: true, Module: lineage(1)},
		{Lineage: lineage(3), Kind: Lesson, Mandatory: true, Module: lineage(1)},
		{Lineage: lineage(4), Kind: Lesson, Module: lineage(1)},
		{Lineage: lineage(5), Kind: Milestone, Mandatory: true},
		{Lineage: lineage(6), Kind: Module},
		{Lineage: lineage(7), Kind: Lesson, Module: lineage(6)},
		{Lineage: lineage(8), Kind: Milestone, Requires: []uuid.UUID{lineage(1)}},
		{Lineage: lineage(9), Kind: Lesson, Module: lineage(1), ReleaseDays: &more},
	}
	t.Run("a lesson waits for what its module waits for", func(t *testing.T) {
		t.Parallel()
		want := []Reason{{Code: NotReleased, At: day(t, "2026-12-23")}, {Code: Prerequisite, Items: []uuid.UUID{lineage(5)}}}
		if diff := cmp.Diff(want, outlineAt(s, items, nil).Items[1].Reasons); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
	t.Run("and for its own day, when that is later", func(t *testing.T) {
		t.Parallel()
		if got := outlineAt(s, items, nil).Items[8].Reasons[0]; !got.At.Equal(day(t, "2027-01-22")) {
			t.Errorf("%+v, want 22 January", got)
		}
	})
	t.Run("a module is met since its last mandatory lesson, and opens what requires it", func(t *testing.T) {
		t.Parallel()
		for _, met := range []map[uuid.UUID]time.Time{
			{lineage(2): noon, lineage(3): noon.Add(-time.Hour)},
			{lineage(2): noon.Add(-time.Hour), lineage(3): noon},
		} {
			o := outlineAt(s, items, met)
			if m := o.Items[0]; m.State != Met || !m.MetAt.Equal(noon) || !o.Items[7].Open() {
				t.Errorf("module %s since %s, next %v", m.State, m.MetAt, o.Items[7].Reasons)
			}
		}
	})
	t.Run("a module with one mandatory lesson open is not met", func(t *testing.T) {
		t.Parallel()
		o := outlineAt(s, items, map[uuid.UUID]time.Time{lineage(2): noon, lineage(4): noon})
		if o.Items[0].State != NotStarted {
			t.Errorf("module is %s", o.Items[0].State)
		}
	})
	t.Run("a module with nothing mandatory is never met", func(t *testing.T) {
		t.Parallel()
		if o := outlineAt(s, items, map[uuid.UUID]time.Time{lineage(7): noon}); o.Items[5].State != NotStarted {
			t.Errorf("module is %s", o.Items[5].State)
		}
	})
	t.Run("modules are not counted", func(t *testing.T) {
		t.Parallel()
		if o := outlineAt(s, items, map[uuid.UUID]time.Time{lineage(2): noon}); o.MandatoryMet != 1 || o.MandatoryTotal != 3 {
			t.Errorf("%d of %d, want 1 of 3", o.MandatoryMet, o.MandatoryTotal)
		}
	})
}

func TestWhatAnItemOpens(t *testing.T) {
	t.Parallel()
	noon := day(t, "2026-12-10").Add(12 * time.Hour)
	s := standing{now: noon, calendar: run(t, "UTC", "2026-11-23", "2027-03-01"), cohortState: "running", member: true}
	later := int64(60)
	items := []NewItem{
		{Lineage: lineage(1), Kind: Module, Mandatory: true},
		{Lineage: lineage(2), Kind: Lesson, Mandatory: true, Module: lineage(1)},
		{Lineage: lineage(3), Kind: Lesson, Mandatory: true, Module: lineage(1)},
		{Lineage: lineage(4), Kind: Lesson, Requires: []uuid.UUID{lineage(1)}},
		{Lineage: lineage(5), Kind: Lesson, Requires: []uuid.UUID{lineage(1)}, ReleaseDays: &later},
		{Lineage: lineage(6), Kind: Module, Requires: []uuid.UUID{lineage(1)}},
		{Lineage: lineage(7), Kind: Lesson, Module: lineage(6)},
		{Lineage: lineage(8), Kind: Lesson},
	}
	for _, c := range []struct {
		name string
		met  []int
		item int
		want []uuid.UUID
	}{
		{"nothing while its module has more to do", nil, 2, nil},
		{"the last lesson of a module opens what waits for the module, but not what waits for its day", []int{2}, 3, []uuid.UUID{lineage(4), lineage(6), lineage(7)}},
		{"done again it says the same", []int{2, 3}, 3, []uuid.UUID{lineage(4), lineage(6), lineage(7)}},
		{"without what is done already", []int{2, 3, 4}, 3, []uuid.UUID{lineage(6), lineage(7)}},
		{"nothing waits for this one", []int{2, 3}, 8, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			met := map[uuid.UUID]time.Time{}
			for _, n := range c.met {
				met[lineage(n)] = noon
			}
			if diff := cmp.Diff(c.want, opened(s, facts(items, met), c.item-1, noon)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
