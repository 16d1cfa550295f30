package apitest_test

import (
	"bytes"
	"maps"
	"net/http"
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
)

// What names an address answers with the same bytes and the same headers for
// one that has an account and one that has none; only what differs with every
// request is left out.
func TestKnownAndUnknownAddressesAreAnsweredAlike(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	known, other := h.Person(t, "known"), h.Person(t, "other")
	for what, c := range map[string]struct {
		path, token string
		body        func(email string) any
	}{
		"sign-up": {"/v1/auth/signup", "", func(email string) any {
			return map[string]string{"email": email, "password": "twelve years of logistics", "display_name": "Maria"}
		}},
		"code":       {"/v1/auth/code", "", func(email string) any { return map[string]string{"email": email} }},
		"forgotten":  {"/v1/auth/password/forgot", "", func(email string) any { return map[string]string{"email": email} }},
		"new e-mail": {"/v1/me/email", other.Token, func(email string) any { return map[string]string{"email": email} }},
		"wrong code": {"/v1/auth/code/sign-in", "", func(email string) any { return map[string]string{"email": email, "code": "000000"} }},
	} {
		ask := func(email string) apitest.Answer {
			return h.Do(t, apitest.Call{Method: http.MethodPost, Path: c.path, Token: c.token, Body: c.body(email)})
		}
		a, b := ask(known.Email), ask("nobody."+uuid.NewString()[:8]+"@example.org")
		if a.Status != b.Status || !bytes.Equal(same(t, a), same(t, b)) {
			t.Errorf("%s: %d %s\nand %d %s", what, a.Status, a.Body, b.Status, b.Body)
		}
		if !maps.EqualFunc(headers(a), headers(b), slices.Equal[[]string]) {
			t.Errorf("%s: %v\nand %v", what, a.Header, b.Header)
		}
	}
}

// same is a body without what names this one request or attempt.
func same(t *testing.T, a apitest.Answer) []byte {
	t.Helper()
	var p struct {
		Instance string `json:"instance"`
		Signup   string `json:"signup"`
	}
	a.Into(t, &p)
	body := a.Body
	for _, own := range []string{p.Instance, p.Signup} {
		if own != "" {
			body = bytes.ReplaceAll(body, []byte(own), bytes.Repeat([]byte("x"), len(own)))
		}
	}
	return body
}

// headers leaves out the time, the name of the request and what is left of a
// limit, which counts every request.
func headers(a apitest.Answer) http.Header {
	all := a.Header.Clone()
	for _, own := range []string{"Date", "X-Request-Id", "Ratelimit"} {
		all.Del(own)
	}
	return all
}

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
