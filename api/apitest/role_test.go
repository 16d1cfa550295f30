package apitest_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
)

type grantOut struct {
	ID       uuid.UUID
	Role     string
	CohortID uuid.UUID `json:"cohort_id"`
	EndsAt   time.Time `json:"ends_at"`
}

func TestRolesOverHTTP(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	w := h.World(t)
	guest := h.Person(t, "guest")
	roles := "/v1/admin/members/" + guest.ID.String() + "/roles"
	give := func(body map[string]any) apitest.Answer {
		return h.Do(t, apitest.Call{Method: http.MethodPost, Path: roles, Token: w.Admin.Token, Body: body})
	}
	reads := func(space uuid.UUID) int {
		return h.Do(t, apitest.Call{Method: http.MethodGet, Path: "/v1/spaces/" + space.String() + "/topics", Token: guest.Token}).Status
	}

	var g grantOut
	give(map[string]any{"role": "coach", "cohort_id": w.CohortA}).Must(t, http.StatusCreated).Into(t, &g)
	if g.Role != "coach" || g.CohortID != w.CohortA || !g.EndsAt.IsZero() {
		t.Errorf("%+v", g)
	}
	if a := reads(w.SpaceA); a != http.StatusUnauthorized {
		t.Errorf("without the second factor that the role asks for: %d", a)
	}
	h.AddFactor(t, &guest)
	if a, b := reads(w.SpaceA), reads(w.SpaceB); a != http.StatusOK || b != http.StatusNotFound {
		t.Errorf("the coach of one cohort reads it (%d) and not another (%d)", a, b)
	}
	give(map[string]any{"role": "coach", "cohort_id": w.CohortA}).Must(t, http.StatusOK)
	for pointer, body := range map[string]map[string]any{
		"/role":      {"role": "admin", "cohort_id": w.CohortA},
		"/cohort_id": {"role": "coach", "cohort_id": uuid.Nil},
		"/space_id":  {"role": "coach", "space_id": uuid.New()},
		"/ends_at":   {"role": "coach", "ends_at": "0001-01-01T00:00:00Z"},
	} {
		var p struct{ Errors []struct{ Pointer string } }
		give(body).Must(t, http.StatusUnprocessableEntity).Into(t, &p)
		if len(p.Errors) != 1 || p.Errors[0].Pointer != pointer {
			t.Errorf("%s: %+v", pointer, p)
		}
	}
	var list struct{ Items []grantOut }
	h.Do(t, apitest.Call{Method: http.MethodGet, Path: roles, Token: w.Admin.Token}).Must(t, http.StatusOK).Into(t, &list)
	if len(list.Items) != 1 || list.Items[0].ID != g.ID {
		t.Errorf("%+v", list)
	}
	take := apitest.Call{Method: http.MethodDelete, Path: roles + "/" + g.ID.String(), Token: w.Admin.Token}
	h.Do(t, take).Must(t, http.StatusNoContent)
	h.Do(t, take).Must(t, http.StatusNotFound)
	if a := reads(w.SpaceA); a != http.StatusNotFound {
		t.Errorf("without the role she still reads it: %d", a)
	}
}

func TestRolesAskForAFreshProof(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	w := h.World(t)
	if _, err := h.App.DB.Pool().Exec(t.Context(), `UPDATE sessions SET proved_at = proved_at - interval '11 minutes' WHERE user_id = $1`, w.Admin.ID); err != nil {
		t.Fatal(err)
	}
	a := h.Do(t, apitest.Call{
		Method: http.MethodPost, Path: "/v1/admin/members/" + w.A.ID.String() + "/roles", Token: w.Admin.Token, Body: map[string]any{"role": "moderator"},
	})
	if a.Status != http.StatusUnauthorized || a.Code() != "step-up-required" {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}
