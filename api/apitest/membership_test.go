package apitest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
)

// She pays, reads her invoice, means to leave, stays after all, and changes
// her card; over HTTP, as a frontend does it.
func TestLeavingAndStaying(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	h.World(t)
	maria := h.Person(t, "maria of the invoices")
	do := func(method, path string, body any, status int) apitest.Answer {
		t.Helper()
		return h.Do(t, apitest.Call{Method: method, Path: path, Token: maria.Token, Body: body}).Must(t, status)
	}
	if code := do(http.MethodPut, "/v1/membership/cancellation", map[string]string{}, http.StatusConflict).Code(); code != "no-subscription" {
		t.Errorf("nothing to end: %s", code)
	}
	if code := do(http.MethodPost, "/v1/membership/portal", nil, http.StatusConflict).Code(); code != "nothing-billed" {
		t.Errorf("nothing to change: %s", code)
	}
	pays(t, h, maria, "4242424242424242")

	var own struct {
		Access        struct{ Level, Notice string }
		Subscriptions []struct {
			EndsAt string `json:"ends_at"`
		}
	}
	do(http.MethodPut, "/v1/membership/cancellation", map[string]string{"reason": "too_expensive", "comment": "Not this year."}, http.StatusOK).Into(t, &own)
	if own.Access.Level != "full" || own.Access.Notice != "ends_soon" || own.Subscriptions[0].EndsAt == "" {
		t.Errorf("%+v", own)
	}
	own.Subscriptions = nil
	do(http.MethodDelete, "/v1/membership/cancellation", nil, http.StatusOK).Into(t, &own)
	if own.Access.Level != "full" || own.Subscriptions[0].EndsAt != "" {
		t.Errorf("%+v", own)
	}
	a := do(http.MethodPut, "/v1/membership/cancellation", map[string]string{"reason": "bored"}, http.StatusUnprocessableEntity)
	if !strings.Contains(string(a.Body), `"/reason"`) {
		t.Errorf("%s", a.Body)
	}

	var bills struct {
		Items []struct {
			Number, Status string
			Paid           struct{ Minor int }
			PageURL        string `json:"page_url"`
		}
	}
	do(http.MethodGet, "/v1/membership/invoices", nil, http.StatusOK).Into(t, &bills)
	if len(bills.Items) != 1 || bills.Items[0].Status != "paid" || bills.Items[0].Paid.Minor != 4900 || bills.Items[0].Number == "" {
		t.Errorf("%+v", bills)
	}
	var portal struct {
		URL string `json:"portal_url"`
	}
	do(http.MethodPost, "/v1/membership/portal", nil, http.StatusOK).Into(t, &portal)
	if !strings.HasPrefix(portal.URL, h.Stripe+"/portal/") {
		t.Errorf("%s", portal.URL)
	}
}
