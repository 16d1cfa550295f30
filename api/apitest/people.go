package apitest

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/pquerna/otp/totp"

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
	Secret    string // of her authenticator; "" without a second factor

	roles []account.Role
}

// Staff reports whether she holds a role.
func (s Someone) Staff() bool { return len(s.roles) > 0 }

// Actor is her as the domains see her.
func (s Someone) Actor() account.Actor { return account.Actor{ID: s.ID, Verified: true} }

// Person makes a confirmed account and signs in over HTTP. Who has a role gets
// the second factor that it asks for.
func (h *House) Person(t testing.TB, name string, roles ...account.Role) Someone {
	t.Helper()
	email := strings.ToLower(strings.ReplaceAll(name, " ", ".")) + "." + uuid.NewString()[:8] + "@example.org"
	user, err := h.App.Account.Create(t.Context(), account.NewUser{Email: email, Password: Password, DisplayName: name, Roles: roles})
	if err != nil {
		t.Fatal(err)
	}
	s := Someone{Role: name, ID: user.ID, Email: email, Token: h.PasswordLogIn(t, email), roles: roles}
	if len(roles) > 0 {
		h.AddFactor(t, &s)
	}
	return s
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

// AddFactor gives her an authenticator app, which her session has proved then.
func (h *House) AddFactor(t testing.TB, s *Someone) {
	t.Helper()
	who, err := h.App.Account.Authenticate(t.Context(), s.Token)
	if err != nil {
		t.Fatal(err)
	}
	if !who.Fresh(h.App.Clock.Now()) {
		h.Do(t, Call{Method: http.MethodPost, Path: "/v1/auth/step-up", Token: s.Token, Body: map[string]string{"password": Password}}).
			Must(t, http.StatusNoContent)
	}
	s.Secret = h.BeginTOTP(t, *s)
	h.Do(t, Call{
		Method: http.MethodPost, Path: "/v1/me/factors/totp/confirmation", Token: s.Token, Body: map[string]string{"code": Code(t, s.Secret, h.App.Clock.Now())},
	}).Must(t, http.StatusOK)
}

// BeginTOTP gives the secret of an authenticator that waits for its first code.
func (h *House) BeginTOTP(t testing.TB, s Someone) string {
	t.Helper()
	var begun struct{ Secret string }
	h.Do(t, Call{Method: http.MethodPost, Path: "/v1/me/factors/totp", Token: s.Token}).Must(t, http.StatusCreated).Into(t, &begun)
	return begun.Secret
}

// RecoveryCodes gives her ten new ones.
func (h *House) RecoveryCodes(t testing.TB, s Someone) []string {
	t.Helper()
	var made struct{ Codes []string }
	h.Do(t, Call{Method: http.MethodPost, Path: "/v1/me/factors/recovery-codes", Token: s.Token}).Must(t, http.StatusCreated).Into(t, &made)
	return made.Codes
}

// Code is what an authenticator with this secret shows.
func Code(t testing.TB, secret string, at time.Time) string {
	t.Helper()
	code, err := totp.GenerateCode(secret, at)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// block is in the database as if she had made it before she got a role.
func (h *House) block(t testing.TB, s Someone, id uuid.UUID) {
	t.Helper()
	if _, err := h.App.DB.Pool().Exec(t.Context(), `INSERT INTO blocks (user_id, blocked_id, created_at) VALUES ($1, $2, now())`, s.ID, id); err != nil {
		t.Fatal(err)
	}
}

// Neighbour makes a member with access who never signs in, and gives her id.
func (h *House) Neighbour(t testing.TB) uuid.UUID {
	t.Helper()
	user, err := h.App.Account.Create(t.Context(), account.NewUser{Email: "neighbour." + uuid.NewString() + "@example.org", DisplayName: "Neighbour"})
	if err != nil {
		t.Fatal(err)
	}
	h.Grant(t, &Someone{ID: user.ID})
	return user.ID
}

// LogIn gives an access token that opens everything she may do: a second
// factor she owes counts as proved.
func (h *House) LogIn(t testing.TB, email string) string {
	t.Helper()
	token := h.PasswordLogIn(t, email)
	who, err := h.App.Account.Authenticate(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	if who.Owes() {
		if err := h.App.Account.Prove(t.Context(), who); err != nil {
			t.Fatal(err)
		}
	}
	return token
}

// PasswordLogIn gives an access token for her password alone.
func (h *House) PasswordLogIn(t testing.TB, email string) string {
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
