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

// An administrator looks after what went wrong with payments, over HTTP.
func TestLookingAfterPayments(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	w := h.World(t)
	maria := h.Person(t, "maria whose event was lost")
	pays(t, h, maria, "4242424242424242")
	do := func(method, path string, body any, status int) apitest.Answer {
		t.Helper()
		return h.Do(t, apitest.Call{Method: method, Path: path, Token: w.Admin.Token, Body: body}).Must(t, status)
	}
	var proof struct {
		Latest, Running struct{ State string }
		Without         []struct {
			Reason, Kind string
			Members      int
		} `json:"access_without_payment"`
		Unserved []any `json:"payment_without_access"`
		Twice    []any `json:"two_subscriptions"`
	}
	do(http.MethodPost, "/v1/admin/billing/proof", nil, http.StatusAccepted).Into(t, &proof)
	if proof.Running.State != "running" && proof.Latest.State != "done" {
		t.Errorf("%+v", proof)
	}
	do(http.MethodGet, "/v1/admin/billing/proof", nil, http.StatusOK).Into(t, &proof)
	if len(proof.Unserved)+len(proof.Twice) != 0 || len(proof.Without) != 1 || proof.Without[0].Reason != "grant" || proof.Without[0].Kind == "" {
		t.Errorf("%+v", proof)
	}
	var page struct {
		Items []struct{ ID, Type, Kind string }
		Next  string `json:"next_cursor"`
	}
	do(http.MethodGet, "/v1/admin/billing/events?state=applied&limit=2", nil, http.StatusOK).Into(t, &page)
	if len(page.Items) != 2 || page.Next == "" {
		t.Errorf("%+v", page)
	}
	billing := "/v1/admin/members/" + maria.ID.String() + "/billing"
	do(http.MethodGet, billing+"?limit=2", nil, http.StatusOK).Into(t, &page)
	first := page.Items
	do(http.MethodGet, billing+"?limit=2&cursor="+page.Next, nil, http.StatusOK).Into(t, &page)
	if len(page.Items) != 2 || page.Items[0] == first[1] {
		t.Errorf("%+v after %+v", page.Items, first)
	}
	do(http.MethodPost, billing+"/refresh", nil, http.StatusOK)
	var own struct{ Access struct{ Level string } }
	do(http.MethodPost, billing+"/end", map[string]string{"when": "now", "reason": "mistake"}, http.StatusOK).Into(t, &own)
	if own.Access.Level != "none" {
		t.Errorf("%+v", own)
	}
	if code := do(http.MethodPost, billing+"/customers", map[string]string{"customer": "cus_unknown", "reason": "other"}, http.StatusUnprocessableEntity).Code(); code != "customer-unknown" {
		t.Error(code)
	}
	h.Do(t, apitest.Call{Method: http.MethodPost, Path: "/v1/membership/refresh", Token: maria.Token}).Must(t, http.StatusOK).Into(t, &own)
	if own.Access.Level != "none" {
		t.Errorf("%+v", own)
	}
}
