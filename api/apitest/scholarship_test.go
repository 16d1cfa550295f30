package apitest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
	"github.com/womens-tech-conservatory/conservatory/internal/account"
)

// Somebody gives, somebody asks, an administrator decides, and what is left goes
// back when she begins to pay; over HTTP.
func TestAScholarshipFromTheDonationToPaying(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	h.World(t)
	admin, donor, maria := h.Person(t, "admin", account.Admin), h.Person(t, "donor"), h.Person(t, "maria who asks")
	do := func(who apitest.Someone, method, path string, body any, status int) apitest.Answer {
		t.Helper()
		return h.Do(t, apitest.Call{Method: method, Path: path, Token: who.Token, Body: body}).Must(t, status)
	}
	var fund, asked struct{ ID uuid.UUID }
	do(admin, http.MethodPost, "/v1/admin/funds", map[string]any{"name": "The open door", "description": "", "currency": "usd"}, http.StatusCreated).Into(t, &fund)
	donations := "/v1/funds/" + fund.ID.String() + "/donations"
	var p struct {
		URL string `json:"checkout_url"`
	}
	do(donor, http.MethodPost, donations, map[string]any{"amount_minor": 20000, "pay_it_forward": true}, http.StatusOK).Into(t, &p)
	payOnce(t, h, p.URL, "4242424242424242")

	do(maria, http.MethodPost, "/v1/scholarship/applications", map[string]any{"months": 3, "situation": "My savings are gone."}, http.StatusCreated).Into(t, &asked)
	if code := do(maria, http.MethodPost, "/v1/scholarship/applications", map[string]any{"months": 3, "situation": "Again."}, http.StatusConflict).Code(); code != "applied-already" {
		t.Errorf("%s", code)
	}
	if a := do(admin, http.MethodGet, "/v1/admin/applications", nil, http.StatusOK); strings.Contains(string(a.Body), "savings") || !strings.Contains(string(a.Body), asked.ID.String()) {
		t.Errorf("the list says too much or too little: %s", a.Body)
	}
	application := "/v1/admin/applications/" + asked.ID.String()
	if a := do(admin, http.MethodGet, application, nil, http.StatusOK); !strings.Contains(string(a.Body), "savings") {
		t.Errorf("%s", a.Body)
	}
	decision := map[string]any{"answer": "awarded", "told": "Come in.", "note": "unanimous", "fund_id": fund.ID, "plan": "circle", "price": "monthly", "months": 5}
	if code := do(admin, http.MethodPost, application+"/decision", decision, http.StatusConflict).Code(); code != "fund-short" {
		t.Errorf("%s", code)
	}
	decision["months"] = 3
	do(admin, http.MethodPost, application+"/decision", decision, http.StatusOK)
	if a := do(maria, http.MethodGet, "/v1/membership", nil, http.StatusOK); !strings.Contains(string(a.Body), `"kind":"scholarship"`) || !strings.Contains(string(a.Body), `"level":"full"`) {
		t.Errorf("%s", a.Body)
	}
	if a := do(maria, http.MethodGet, "/v1/scholarship/applications", nil, http.StatusOK); !strings.Contains(string(a.Body), "Come in.") || strings.Contains(string(a.Body), "unanimous") {
		t.Errorf("what she reads: %s", a.Body)
	}
	do(admin, http.MethodPost, "/v1/admin/funds/"+fund.ID.String()+"/entries", map[string]any{"amount_minor": -5301, "note": "too much"}, http.StatusConflict)
	do(admin, http.MethodPost, "/v1/admin/funds/"+fund.ID.String()+"/entries", map[string]any{"amount_minor": -5300, "note": "all of it"}, http.StatusCreated)

	pays(t, h, maria, "4242424242424242")
	var accounts struct {
		Items []struct {
			Balance   int `json:"balance_minor"`
			Returned  int `json:"returned_minor"`
			Converted int
		}
	}
	do(admin, http.MethodGet, "/v1/admin/funds", nil, http.StatusOK).Into(t, &accounts)
	got := accounts.Items[0]
	if got.Converted != 1 || got.Balance != got.Returned || got.Returned < 14690 || got.Returned > 14700 {
		t.Errorf("nearly all of it is back: %+v", got)
	}
	if a := do(maria, http.MethodGet, "/v1/me/audit", nil, http.StatusOK); !strings.Contains(string(a.Body), "was read by who decides") {
		t.Errorf("%s", a.Body)
	}
}
