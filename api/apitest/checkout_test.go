package apitest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
	"github.com/womens-tech-conservatory/conservatory/api/server"
)

type checkout struct {
	ID                 uuid.UUID
	Plan, Price, State string
	URL                string `json:"checkout_url"`
}

// She reads the terms, pays, and comes back before any webhook does; over
// HTTP, as a frontend does it.
func TestPayingAndComingBack(t *testing.T) {
	t.Parallel()
	h := apitest.New(t, func(c *server.Config) { c.TermsVersion = "2026-11" })
	w := h.World(t)
	maria, other := h.Person(t, "maria who pays"), h.Person(t, "somebody else")
	do := func(who apitest.Someone, method, path string, body any, status int) apitest.Answer {
		t.Helper()
		return h.Do(t, apitest.Call{Method: method, Path: path, Token: who.Token, Body: body}).Must(t, status)
	}
	var plans struct {
		Terms string `json:"terms_version"`
	}
	do(maria, http.MethodGet, "/v1/plans", nil, http.StatusOK).Into(t, &plans)
	order := map[string]string{"plan": "circle", "price": "monthly"}
	a := do(maria, http.MethodPost, "/v1/membership/checkout", order, http.StatusUnprocessableEntity)
	if a.Code() != "terms-changed" || !strings.Contains(string(a.Body), `"/terms"`) {
		t.Errorf("without the terms: %s", a.Body)
	}
	order["terms"] = plans.Terms
	var c checkout
	do(maria, http.MethodPost, "/v1/membership/checkout", order, http.StatusCreated).Into(t, &c)
	if c.State != "open" || c.Plan != "circle" || c.Price != "monthly" || c.URL == "" {
		t.Errorf("%+v", c)
	}
	path := "/v1/membership/checkout/" + c.ID.String()
	do(other, http.MethodGet, path, nil, http.StatusNotFound)
	do(maria, http.MethodGet, "/v1/membership/checkout/"+uuid.NewString(), nil, http.StatusNotFound)

	h.Sandbox.PauseDeliveries(true)
	h.Control(t, "/_sandbox/sessions/"+last(c.URL)+"/pay", `{"card":"4242424242424242"}`)
	c = checkout{}
	do(maria, http.MethodGet, path, nil, http.StatusOK).Into(t, &c)
	if m := membershipOf(t, h, maria); c.State != "active" || c.URL != "" || m.Access.Level != "full" {
		t.Errorf("she paid, and sees %+v, %+v", c, m)
	}

	h.Sandbox.PauseDeliveries(false)
	order["price"] = "annual"
	do(other, http.MethodPost, "/v1/membership/checkout", order, http.StatusCreated).Into(t, &c)
	h.Control(t, "/_sandbox/sessions/"+last(c.URL)+"/expire", `{}`)
	h.Settle(t)
	var left struct {
		Items []struct {
			Member uuid.UUID `json:"member_id"`
			Price  string
			Amount struct{ Minor int }
		}
	}
	do(maria, http.MethodGet, "/v1/admin/checkouts/abandoned", nil, http.StatusForbidden)
	do(w.Admin, http.MethodGet, "/v1/admin/checkouts/abandoned?limit=1", nil, http.StatusOK).Into(t, &left)
	if len(left.Items) != 1 || left.Items[0].Member != other.ID || left.Items[0].Price != "annual" || left.Items[0].Amount.Minor != 49000 {
		t.Errorf("%+v", left)
	}
}

// I16: leaving and coming back is no way to a second trial.
func TestInvariant16TheTrialIsNotGivenAgainToWhoComesBack(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	maria, other := h.Person(t, "maria of the trial"), h.Person(t, "somebody else")
	if err := h.App.Membership.SpendTrial(t.Context(), maria.ID, h.App.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	for who, want := range map[*apitest.Someone]bool{&maria: true, &other: false} {
		leaves(t, h, who.ID)
		again, err := h.App.Account.Join(t.Context(), who.Email, "Maria")
		if err != nil {
			t.Fatal(err)
		}
		if had, err := h.App.Membership.HadTrial(t.Context(), again.ID); had != want || err != nil {
			t.Errorf("%s had it: %v, %v", who.Role, had, err)
		}
	}
	if n := count(t, h, `SELECT count(*) FROM trial_addresses WHERE length(hash) = 43`); n != 1 {
		t.Errorf("%d addresses are remembered", n)
	}
}
