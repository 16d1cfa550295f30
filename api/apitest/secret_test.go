package apitest_test

import (
	"net/http"
	"testing"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
)

// The whole way of a member who forgets, moves and is helped, over HTTP.
func TestMovingHouse(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	w := h.World(t)
	maria := h.Person(t, "maria")
	pays(t, h, maria, "4242424242424242")
	post := func(path, token string, body map[string]string, status int) {
		t.Helper()
		h.Do(t, apitest.Call{Method: http.MethodPost, Path: path, Token: token, Body: body}).Must(t, status)
	}
	moved := "moved@example.org"
	post("/v1/me/email", maria.Token, map[string]string{"email": moved}, http.StatusAccepted)
	post("/v1/auth/email/confirm", "", map[string]string{"token": h.Token(t, moved, "confirm your new")}, http.StatusNoContent)
	h.Settle(t)

	customer, err := h.App.Billing.Customer(t.Context(), maria.ID)
	if err != nil {
		t.Fatal(err)
	}
	if got := h.StripeEmail(t, customer); got != moved {
		t.Errorf("Stripe writes to %q", got)
	}
	post("/v1/auth/email/undo", "", map[string]string{"token": h.Token(t, maria.Email, "being changed")}, http.StatusNoContent)
	h.Do(t, apitest.Call{Method: http.MethodGet, Path: "/v1/me", Token: maria.Token}).Must(t, http.StatusUnauthorized)
	post("/v1/auth/password/forgot", "", map[string]string{"email": maria.Email}, http.StatusAccepted)
	post("/v1/auth/password/reset", "", map[string]string{"token": h.Token(t, maria.Email, "new password"), "password": apitest.Password}, http.StatusNoContent)
	h.Settle(t)
	if got := h.StripeEmail(t, customer); got != maria.Email {
		t.Errorf("Stripe writes to %q", got)
	}
	maria.Token = h.LogIn(t, maria.Email)
	h.Enrol(t, maria, w.CohortA)
}
