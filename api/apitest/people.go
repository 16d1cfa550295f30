package apitest

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
)

// Password opens every account that Person makes.
const Password = "room for a better yes"

// Someone is a person with a session.
type Someone struct {
	Role      string // for the names of tests
	ID        uuid.UUID
	Email     string
	Token     string
	Paying    bool
	InCohortA bool

	roles []account.Role
}

// Actor is her as the domains see her.
func (s Someone) Actor() account.Actor { return account.Actor{ID: s.ID, Verified: true} }

// Person makes a confirmed account and signs in over HTTP.
func (h *House) Person(t testing.TB, name string, roles ...account.Role) Someone {
	t.Helper()
	email := strings.ToLower(strings.ReplaceAll(name, " ", ".")) + "." + uuid.NewString()[:8] + "@example.org"
	user, err := h.App.Account.Create(t.Context(), account.NewUser{Email: email, Password: Password, DisplayName: name, Roles: roles})
	if err != nil {
		t.Fatal(err)
	}
	return Someone{Role: name, ID: user.ID, Email: email, Token: h.LogIn(t, email), roles: roles}
}

// Stranger is an account that nobody has signed in to yet.
func (h *House) Stranger(t testing.TB) uuid.UUID {
	t.Helper()
	user, err := h.App.Account.Create(t.Context(), account.NewUser{Email: "stranger." + uuid.NewString()[:8] + "@example.org", DisplayName: "A stranger"})
	if err != nil {
		t.Fatal(err)
	}
	return user.ID
}

// LogIn gives an access token.
func (h *House) LogIn(t testing.TB, email string) string {
	t.Helper()
	var session struct {
		AccessToken string `json:"access_token"`
	}
	h.Do(t, Call{Method: http.MethodPost, Path: "/v1/auth/login", Body: map[string]string{"email": email, "password": Password}}).
		Must(t, http.StatusOK).Into(t, &session)
	return session.AccessToken
}

// Grant opens everything to her, without payment.
func (h *House) Grant(t testing.TB, s *Someone) {
	t.Helper()
	_, err := h.App.Membership.Grant(t.Context(), membership.Grant{
		UserID: s.ID, Kind: "comp", Level: membership.Full,
		StartsAt: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), Reason: "test",
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Paying = true
}

// Unverify takes the confirmation of her address back, as a change of address
// does.
func (h *House) Unverify(t testing.TB, s Someone) {
	t.Helper()
	if _, err := h.App.DB.Pool().Exec(t.Context(), `UPDATE users SET email_verified_at = NULL WHERE id = $1`, s.ID); err != nil {
		t.Fatal(err)
	}
}
