package apitest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
	"github.com/womens-tech-conservatory/conservatory/internal/account"
)

// An administrator gives time, she uses it, begins to pay, and it gives way;
// over HTTP.
func TestTimeThatIsGivenGivesWayToPaying(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	h.World(t)
	admin, maria := h.Person(t, "admin", account.Admin), h.Person(t, "maria of the grants")
	path := "/v1/admin/members/" + maria.ID.String() + "/grants"
	do := func(who apitest.Someone, method, path string, body any, status int) apitest.Answer {
		t.Helper()
		return h.Do(t, apitest.Call{Method: method, Path: path, Token: who.Token, Body: body}).Must(t, status)
	}
	var given struct {
		ID   uuid.UUID
		Ends time.Time `json:"ends_at"`
	}
	end := time.Now().AddDate(0, 1, 0).UTC().Truncate(time.Second)
	do(admin, http.MethodPost, path, map[string]any{"level": "full", "reason": "She helps.", "ends_at": end}, http.StatusCreated).Into(t, &given)
	later := end.AddDate(0, 1, 0)
	do(admin, http.MethodPut, path+"/"+given.ID.String(), map[string]any{"ends_at": later}, http.StatusOK).Into(t, &given)
	if !given.Ends.Equal(later) {
		t.Errorf("it ends at %s", given.Ends)
	}
	var own struct {
		Access struct{ Level, Reason, Notice string }
		Grants []struct{ Kind string }
	}
	do(maria, http.MethodGet, "/v1/membership", nil, http.StatusOK).Into(t, &own)
	if own.Access.Level != "full" || own.Access.Reason != "grant" || own.Access.Notice != "ends_soon" || len(own.Grants) != 1 || own.Grants[0].Kind != "comp" {
		t.Errorf("%+v", own)
	}
	pays(t, h, maria, "4242424242424242")
	own.Access.Notice, own.Grants = "", nil
	do(maria, http.MethodGet, "/v1/membership", nil, http.StatusOK).Into(t, &own)
	if own.Access.Level != "full" || own.Access.Reason != "subscription" || len(own.Grants) != 0 {
		t.Errorf("%+v", own)
	}
	if a := do(admin, http.MethodGet, path, nil, http.StatusOK); !strings.Contains(string(a.Body), `"ended_because":"paying"`) {
		t.Errorf("%s", a.Body)
	}
	if code := do(admin, http.MethodDelete, path+"/"+given.ID.String(), nil, http.StatusConflict).Code(); code != "grant-over" {
		t.Errorf("%s", code)
	}
	graduation := "/v1/admin/members/" + maria.ID.String() + "/graduation"
	do(admin, http.MethodPost, graduation, map[string]any{}, http.StatusCreated)
	do(admin, http.MethodPost, graduation, map[string]any{}, http.StatusOK)
}

// She has gone to pay and comes back; the event is lost.
func TestComingBackFromPayingOnce(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	h.World(t)
	maria, other := h.Person(t, "maria of the purchases"), h.Person(t, "other")
	id := h.Purchase(t, maria)
	get := func(who apitest.Someone, status int) (p struct {
		State, Title string
		URL          string `json:"checkout_url"`
	},
	) {
		t.Helper()
		a := h.Do(t, apitest.Call{Method: http.MethodGet, Path: "/v1/membership/purchases/" + id.String(), Token: who.Token}).Must(t, status)
		a.Into(t, &p)
		return p
	}
	if p := get(maria, http.StatusOK); p.State != "open" || !strings.HasPrefix(p.URL, h.Stripe+"/pay/") {
		t.Errorf("%+v", p)
	}
	get(other, http.StatusNotFound)
	p := get(maria, http.StatusOK)
	h.Control(t, "/_sandbox/sessions/"+p.URL[strings.LastIndexByte(p.URL, '/')+1:]+"/expire", "{}")
	if p := get(maria, http.StatusOK); p.State != "expired" || p.URL != "" {
		t.Errorf("%+v", p)
	}
}
