package apitest_test

import (
	"bytes"
	"crypto/ed25519"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
	"github.com/womens-tech-conservatory/conservatory/internal/account/forgery"
)

// instance is the one thing in which two refusals may differ.
var instance = regexp.MustCompile(`urn:request:[^"]+`)

// sendable tells what a client can put into one header line: the server takes
// spaces at the end away, and refuses control characters and huge headers
// before anybody looks at a token.
func sendable(token string) bool {
	return len(token) < 15<<10 && strings.TrimSpace(token) == token && strings.IndexFunc(token, func(r rune) bool { return r < ' ' || r == 0x7f }) < 0
}

func TestForgedTokensAreAllRefusedAlike(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	keys, err := h.App.Config.SigningKeys()
	if err != nil {
		t.Fatal(err)
	}
	maria := h.Person(t, "maria")
	who, err := h.App.Account.Authenticate(t.Context(), maria.Token)
	if err != nil {
		t.Fatal(err)
	}
	f := forgery.Forge{
		Key: keys[0], Issuer: h.URL, Audience: h.URL, User: maria.ID, Session: who.SessionID, Refresh: refreshTokenOf(t, h, maria), Now: h.App.Clock.Now(),
	}
	me := func(token string) apitest.Answer {
		return h.Do(t, apitest.Call{Method: http.MethodGet, Path: "/v1/me", Header: map[string]string{"Authorization": "Bearer " + token}})
	}
	for _, control := range f.Controls() {
		if a := me(control.Text); a.Status != http.StatusOK {
			t.Errorf("the control %q: %d %s", control.Name, a.Status, a.Body)
		}
	}
	var first []byte
	distinct := map[string]bool{}
	for _, attack := range f.Attacks() {
		if !sendable(attack.Text) {
			continue
		}
		distinct[attack.Text] = true
		a := me(attack.Text)
		body := instance.ReplaceAll(a.Body, []byte("urn:request:…"))
		if first == nil {
			first = body
		}
		if a.Status != http.StatusUnauthorized || a.Code() != "unauthenticated" || !bytes.Equal(body, first) ||
			a.Header.Get("WWW-Authenticate") != "Bearer" || a.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %s %v, others: %s", attack.Name, a.Status, a.Body, a.Header, first)
		}
	}
	if len(distinct) < 230 {
		t.Errorf("only %d attacks", len(distinct))
	}

	t.Run("a token that is longer than a header may be opens nothing either", func(t *testing.T) {
		resp, err := http.DefaultClient.Do(h.Request(t, apitest.Call{Method: http.MethodGet, Path: "/v1/me", Token: strings.Repeat("A", 1<<20)}))
		if err == nil {
			defer resp.Body.Close()
			if resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
				t.Errorf("answered %d", resp.StatusCode)
			}
		}
	})

	t.Run("neither does the token of another house", func(t *testing.T) {
		if a := me(f.With(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{3}, 32))).Good()); a.Status != http.StatusUnauthorized {
			t.Errorf("answered %d", a.Status)
		}
	})
}

func refreshTokenOf(t *testing.T, h *apitest.House, who apitest.Someone) string {
	t.Helper()
	var session struct {
		RefreshToken string `json:"refresh_token"`
	}
	h.Do(t, apitest.Call{Method: http.MethodPost, Path: "/v1/auth/login", Body: map[string]string{"email": who.Email, "password": apitest.Password}}).
		Must(t, http.StatusOK).Into(t, &session)
	return session.RefreshToken
}
