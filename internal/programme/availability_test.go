package programme

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

func TestAvailability(t *testing.T) {
	t.Parallel()
	cohort := run(t, "UTC", "2026-11-23", "2026-12-31")
	at := func(s string) time.Time { return day(t, s) }
	first := uuid.MustParse("019ab5c0-0000-7000-8000-000000000801")
	active := func(now string) standing {
		return standing{now: at(now), calendar: cohort, cohortState: "running", member: true}
	}
	state := func(s standing, state string) standing { s.cohortState = state; return s }
	paused, unpaid := active("2026-12-01"), active("2026-12-01")
	paused.paused, unpaid.member = true, false
	worst := active("2026-11-01")
	worst.paused, worst.member, worst.cohortState = true, false, "open"
	for _, c := range []availabilityCase{
		{"nothing in the way: open", active("2026-12-01"), "2026-11-30", nil, []Reason{}, ""},
		{"open from the very instant of its release", active("2026-11-30"), "2026-11-30", nil, []Reason{}, ""},
		{"not released yet", active("2026-11-29"), "2026-11-30", nil, []Reason{{Code: NotReleased, At: at("2026-11-30")}}, "2026-11-30"},
		{"who joins late finds everything released open", active("2026-12-20"), "2026-11-24", nil, []Reason{}, ""},
		{
			"before the start both dates are told and the later counts", state(active("2026-11-01"), "open"), "2026-11-30", nil,
			[]Reason{{Code: NotReleased, At: at("2026-11-30")}, {Code: CohortNotStarted, At: at("2026-11-23")}},
			"2026-11-30",
		},
		{
			"what comes with the cohort waits for the cohort alone", state(active("2026-11-01"), "closed"), "", nil,
			[]Reason{{Code: CohortNotStarted, At: at("2026-11-23")}},
			"2026-11-23",
		},
		{"a cohort that was started early has started", active("2026-11-01"), "", nil, []Reason{}, ""},
		{
			"a prerequisite: nobody knows when", active("2026-12-01"), "2026-11-30",
			[]uuid.UUID{first},
			[]Reason{{Code: Prerequisite, Items: []uuid.UUID{first}}},
			"",
		},
		{
			"a date and a prerequisite: both told, no time", active("2026-11-29"), "2026-11-30",
			[]uuid.UUID{first},
			[]Reason{{Code: NotReleased, At: at("2026-11-30")}, {Code: Prerequisite, Items: []uuid.UUID{first}}},
			"",
		},
		{"on the last day it is still open", active("2026-12-31"), "", nil, []Reason{}, ""},
		{"after the last day it has ended", active("2027-01-01"), "", nil, []Reason{{Code: CohortEnded}}, ""},
		{"a cohort completed early has ended", state(active("2026-12-01"), "completed"), "", nil, []Reason{{Code: CohortEnded}}, ""},
		{"a cancelled cohort has ended", state(active("2026-12-01"), "cancelled"), "", nil, []Reason{{Code: CohortEnded}}, ""},
		{"a paused place", paused, "", nil, []Reason{{Code: Paused}}, ""},
		{"no membership", unpaid, "", nil, []Reason{{Code: MembershipInactive}}, ""},
		{"all at once", worst, "2026-11-30", []uuid.UUID{first}, []Reason{
			{Code: NotReleased, At: at("2026-11-30")},
			{Code: Prerequisite, Items: []uuid.UUID{first}},
			{Code: CohortNotStarted, At: at("2026-11-23")},
			{Code: Paused},
			{Code: MembershipInactive},
		}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.check(t)
		})
	}
}

type availabilityCase struct {
	name    string
	who     standing
	release string // empty: with the cohort
	unmet   []uuid.UUID
	want    []Reason
	opens   string // empty: nobody knows
}

func (c availabilityCase) check(t *testing.T) {
	t.Helper()
	var release, opens time.Time
	if c.release != "" {
		release = day(t, c.release)
	}
	if c.opens != "" {
		opens = day(t, c.opens)
	}
	reasons, got := c.who.availability(release, c.unmet)
	if diff := cmp.Diff(c.want, reasons); diff != "" {
		t.Errorf("reasons (-want +got):\n%s", diff)
	}
	if !got.Equal(opens) {
		t.Errorf("opens at %s, want %s", got, opens)
	}
}
