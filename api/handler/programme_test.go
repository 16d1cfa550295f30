package handler

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/programme"
)

func TestOutlineOut(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 30, 14, 0, 0, 0, time.UTC)
	one, two := uuid.UUID{15: 1}, uuid.UUID{15: 2}
	o := programme.Outline{
		EnrolmentID: one, CohortID: two, Programme: "Return to tech", Version: 3, MandatoryMet: 1, MandatoryTotal: 2, NextOpensAt: at,
		Items: []programme.OutlineItem{
			{ID: one, ModuleID: two, Kind: programme.Lesson, Title: "A", Mandatory: true, Minutes: 20, State: programme.Met, MetAt: at, Reasons: []programme.Reason{}, Opens: []uuid.UUID{two}},
			{ID: two, Kind: programme.Module, Title: "M", State: programme.NotStarted, OpensAt: at, Reasons: []programme.Reason{
				{Code: programme.NotReleased, At: at}, {Code: programme.Prerequisite, Items: []uuid.UUID{one}},
			}},
		},
	}
	got, err := json.Marshal(outlineOut(o))
	if err != nil {
		t.Fatal(err)
	}
	id := func(u uuid.UUID) string { return `"` + u.String() + `"` }
	want := `{"cohort_id":` + id(two) + `,"enrolment_id":` + id(one) + `,"items":[` +
		`{"availability":"open","id":` + id(one) + `,"kind":"lesson","mandatory":true,"met_at":"2026-11-30T14:00:00Z","minutes":20,"module_id":` + id(two) + `,"opens":[` + id(two) + `],"reasons":[],"state":"met","title":"A"},` +
		`{"availability":"locked","id":` + id(two) + `,"kind":"module","mandatory":false,"minutes":0,"opens_at":"2026-11-30T14:00:00Z",` +
		`"reasons":[{"at":"2026-11-30T14:00:00Z","code":"not_released"},{"code":"prerequisite","items":[` + id(one) + `]}],"state":"not_started","title":"M"}],` +
		`"mandatory_met":1,"mandatory_total":2,"next_opens_at":"2026-11-30T14:00:00Z","programme":"Return to tech","version":3}`
	sameJSON(t, want, got)
}

// sameJSON compares values; the order of members means nothing.
func sameJSON(t *testing.T, want string, got []byte) {
	t.Helper()
	var w, g any
	if err := errors.Join(json.Unmarshal([]byte(want), &w), json.Unmarshal(got, &g)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(w, g); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
