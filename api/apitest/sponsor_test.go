package apitest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
	"github.com/womens-tech-conservatory/conservatory/internal/account"
)

// An organisation pays, its contact invites, Maria takes the seat, the sponsorship
// ends, and she sees that she can go on; over HTTP.
func TestASponsoredSeatFromTheInvoiceToTheEnd(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	h.World(t)
	admin, contact, maria := h.Person(t, "admin", account.Admin), h.Person(t, "contact"), h.Person(t, "maria on a seat")
	do := func(who apitest.Someone, method, path string, body any, status int) apitest.Answer {
		t.Helper()
		return h.Do(t, apitest.Call{Method: method, Path: path, Token: who.Token, Body: body}).Must(t, status)
	}
	var of struct{ ID uuid.UUID }
	do(admin, http.MethodPost, "/v1/admin/sponsorships", map[string]any{"organisation": "Harbour Logistics", "seats": 1, "note": "Invoice 7"}, http.StatusCreated).Into(t, &of)
	path := "/v1/sponsorships/" + of.ID.String() + "/invitations"
	do(contact, http.MethodPost, path, map[string]any{}, http.StatusNotFound)
	do(admin, http.MethodPut, "/v1/admin/sponsorships/"+of.ID.String()+"/contacts/"+contact.ID.String(), nil, http.StatusNoContent)
	if a := do(contact, http.MethodPost, path, map[string]any{"email": maria.Email}, http.StatusCreated); strings.Contains(string(a.Body), "link") {
		t.Errorf("the link proves the address: %s", a.Body)
	}
	h.Settle(t)
	_, rest, ok := strings.Cut(h.Mail.Messages(maria.Email)[0].Text, apitest.Origin+"/seat#token=")
	if !ok {
		t.Fatal("there is no link in the letter")
	}
	token := map[string]string{"token": strings.Fields(rest)[0]}
	do(apitest.Someone{}, http.MethodPost, "/v1/auth/seat", token, http.StatusOK)
	if code := do(contact, http.MethodPost, "/v1/me/seat", token, http.StatusNotFound).Code(); code != "seat-over" {
		t.Errorf("%s", code)
	}
	do(maria, http.MethodPost, "/v1/me/seat", token, http.StatusOK)
	a := do(contact, http.MethodGet, "/v1/sponsorships", nil, http.StatusOK)
	if body := string(a.Body); !strings.Contains(body, `"used":1`) || strings.Contains(body, maria.ID.String()) || strings.Contains(body, "Invoice") {
		t.Errorf("the contact sees %s", body)
	}
	do(admin, http.MethodDelete, "/v1/admin/sponsorships/"+of.ID.String(), nil, http.StatusNoContent)
	h.Settle(t)
	var own struct {
		Access struct{ Level, Notice string }
		Grants []struct {
			Kind string
			Ends string `json:"ends_at"`
		}
	}
	do(maria, http.MethodGet, "/v1/membership", nil, http.StatusOK).Into(t, &own)
	if own.Access.Level != "full" || own.Access.Notice != "ends_soon" || len(own.Grants) != 1 || own.Grants[0].Kind != "sponsor" || own.Grants[0].Ends == "" {
		t.Errorf("%+v", own)
	}
	pays(t, h, maria, "4242424242424242")
	do(maria, http.MethodDelete, "/v1/me/seat", nil, http.StatusNotFound)
}
