package apitest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/invitation"
)

func TestInvitations(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	admin := h.Person(t, "admin", account.Admin)
	post := func(t *testing.T, token, path string, body map[string]any) apitest.Answer {
		t.Helper()
		return h.Do(t, apitest.Call{Method: http.MethodPost, Path: path, Token: token, Body: body})
	}

	t.Run("from the letter into the house", func(t *testing.T) {
		email := uuid.NewString() + "@example.org"
		post(t, admin.Token, "/v1/invitations", map[string]any{"email": email, "access_days": 30}).Must(t, http.StatusCreated)
		h.Settle(t)
		_, rest, _ := strings.Cut(h.Mail.Messages(email)[0].Text, apitest.Origin+"/join#token=")
		token := strings.Fields(rest)[0]
		for range 2 { // looking uses nothing
			post(t, "", "/v1/auth/invitation", map[string]any{"token": token}).Must(t, http.StatusOK)
		}
		a := post(t, "", "/v1/auth/invitation/accept", map[string]any{
			"token": token, "display_name": "Maria", "password": apitest.Password, "refresh_in": "cookie",
		}).Must(t, http.StatusOK)
		var s struct {
			AccessToken  string `json:"access_token"`
			RefreshToken string `json:"refresh_token"`
		}
		a.Into(t, &s)
		if s.RefreshToken != "" || !strings.HasPrefix(a.Header.Get("Set-Cookie"), "__Host-refresh=") {
			t.Errorf("%s, cookie %q", a.Body, a.Header.Get("Set-Cookie"))
		}
		m := h.Do(t, apitest.Call{Method: http.MethodGet, Path: "/v1/membership", Token: s.AccessToken}).Must(t, http.StatusOK)
		if !strings.Contains(string(m.Body), `"level":"full"`) {
			t.Errorf("%s", m.Body)
		}
		if a := post(t, "", "/v1/auth/invitation", map[string]any{"token": token}); a.Status != http.StatusNotFound || a.Code() != "invitation-over" {
			t.Errorf("%d %s", a.Status, a.Body)
		}
	})

	t.Run("an open link answers alike for an address that is known and one that is not", func(t *testing.T) {
		her := h.Person(t, "maria")
		_, token := h.Invite(t, invitation.Invite{Uses: 2})
		var seen []string
		for _, email := range []string{her.Email, uuid.NewString() + "@example.org"} {
			a := post(t, "", "/v1/auth/invitation/accept", map[string]any{
				"token": token, "display_name": "Maria", "password": apitest.Password, "email": email,
			}).Must(t, http.StatusAccepted)
			var started struct{ Message, Signup string }
			a.Into(t, &started)
			seen = append(seen, strings.Replace(string(a.Body), started.Signup, strings.Repeat("x", len(started.Signup)), 1))
		}
		if seen[0] != seen[1] {
			t.Errorf("%s\n%s", seen[0], seen[1])
		}
	})
}
