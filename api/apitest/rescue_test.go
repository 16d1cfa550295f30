package apitest_test

import (
	"net/http"
	"testing"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
)

// A thief in her account makes sure that he stays: he moves it to a mailbox of
// his, links a provider and plans its end. Her way back undoes all of it.
func TestWhatAThiefLeavesBehindDoesNotOutliveTheWayBack(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	maria := h.Person(t, "maria")
	h.Grant(t, &maria)
	thief, his := maria.Token, apitest.Stranger()
	do := func(method, path string, body any, status int) apitest.Answer {
		t.Helper()
		return h.Do(t, apitest.Call{Method: method, Path: path, Token: thief, Body: body}).Must(t, status)
	}
	do(http.MethodPost, "/v1/me/email", map[string]string{"email": his.Email}, http.StatusAccepted)
	undo, confirm := h.Token(t, maria.Email, "being changed"), h.Token(t, his.Email, "confirm your new")
	var f apitest.Flow
	do(http.MethodPost, "/v1/me/identities/"+apitest.ProviderName, nil, http.StatusOK).Into(t, &f)
	do(http.MethodPost, "/v1/me/identities", f.Return(h.Provider.Authorize(t, f.AuthorizationURL, his)), http.StatusCreated)
	do(http.MethodPost, "/v1/me/erasure", map[string]string{"posts": "remove"}, http.StatusAccepted)
	thief = ""
	do(http.MethodPost, "/v1/auth/email/confirm", map[string]string{"token": confirm}, http.StatusNoContent)

	do(http.MethodPost, "/v1/auth/email/undo", map[string]string{"token": undo}, http.StatusNoContent)

	in := h.BeginSignIn(t, apitest.ProviderName, false)
	a := do(http.MethodPost, "/v1/auth/oidc/finish", in.Return(h.Provider.Authorize(t, in.AuthorizationURL, his)), http.StatusConflict)
	if a.Code() != "sign-up-needed" {
		t.Errorf("%s", a.Body)
	}
	do(http.MethodPost, "/v1/auth/code", map[string]string{"email": maria.Email}, http.StatusAccepted)
	var s struct {
		AccessToken string `json:"access_token"`
	}
	do(http.MethodPost, "/v1/auth/code/sign-in", map[string]string{"token": h.Token(t, maria.Email, "is your code")}, http.StatusOK).Into(t, &s)
	thief = s.AccessToken // it is hers again
	do(http.MethodGet, "/v1/me/erasure", nil, http.StatusNotFound)
}
