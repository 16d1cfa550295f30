package apitest

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/api/middleware"
	"github.com/womens-tech-conservatory/conservatory/internal/identity/oidctest"
)

// ProviderName is what the house calls its OpenID Connect provider.
const ProviderName = "example"

// Stranger is somebody whom the provider knows and the house does not.
func Stranger() oidctest.Person {
	return oidctest.Person{Subject: uuid.NewString(), Email: uuid.NewString() + "@example.org", Name: "Ines", Verified: true}
}

// Flow is the answer of an operation that begins one.
type Flow struct {
	AuthorizationURL string `json:"authorization_url"`
	Flow             string `json:"flow"`
}

// BeginSignIn begins a flow over HTTP.
func (h *House) BeginSignIn(t testing.TB, provider string, signUp bool) Flow {
	t.Helper()
	var f Flow
	h.Do(t, Call{Method: http.MethodPost, Path: "/v1/auth/oidc/" + provider + "/begin", Body: map[string]bool{"sign_up": signUp}}).
		Must(t, http.StatusOK).Into(t, &f)
	return f
}

// Return is the body of an operation that finishes a flow.
func (f Flow) Return(q url.Values) map[string]any {
	body := map[string]any{"flow": f.Flow, "state": q.Get("state"), "code": q.Get("code")}
	if iss := q.Get("iss"); iss != "" {
		body["iss"] = iss
	}
	return body
}

// identity fills in a call about providers.
func (w World) identity(t testing.TB, op middleware.Operation, who Someone, c *Call) {
	t.Helper()
	c.Path = strings.Replace(c.Path, "{provider}", ProviderName, 1)
	switch {
	case op.ID == "finishSignIn":
		f := w.h.BeginSignIn(t, ProviderName, true)
		c.Body = f.Return(w.h.Provider.Authorize(t, f.AuthorizationURL, Stranger()))
	case op.ID == "linkIdentity" && who.Token != "" && who.Role != w.Unverified.Role:
		var f Flow
		w.h.Do(t, Call{Method: http.MethodPost, Path: "/v1/me/identities/" + ProviderName, Token: who.Token}).Must(t, http.StatusOK).Into(t, &f)
		c.Body = f.Return(w.h.Provider.Authorize(t, f.AuthorizationURL, Stranger()))
	case op.ID == "proveIdentity" && who.Token != "":
		var f Flow
		w.h.Do(t, Call{Method: http.MethodPost, Path: "/v1/auth/step-up/oidc/" + ProviderName, Token: who.Token}).Must(t, http.StatusOK).Into(t, &f)
		c.Body = f.Return(w.h.Provider.Authorize(t, f.AuthorizationURL, oidctest.Person{Subject: w.h.linked(t, who)}))
	case op.ID == "unlinkIdentity" && who.Token != "":
		w.h.linked(t, who)
	}
}

// byProvider tells the operations that are for who has no second factor.
func byProvider(op middleware.Operation) bool {
	return op.ID == "beginProof" || op.ID == "proveIdentity"
}

// linked has linked the provider, by hand: whoever has not confirmed her
// address by now could do it before. It gives who she is there.
func (h *House) linked(t testing.TB, who Someone) (subject string) {
	t.Helper()
	err := h.App.DB.Pool().QueryRow(t.Context(), `INSERT INTO identities (id, user_id, provider, issuer, subject, linked_at)
VALUES (gen_random_uuid(), $1, $2, $3, gen_random_uuid()::text, now())
ON CONFLICT (user_id, issuer) DO UPDATE SET linked_at = now() RETURNING subject`, who.ID, ProviderName, h.Provider.URL).Scan(&subject)
	if err != nil {
		t.Fatal(err)
	}
	return subject
}
