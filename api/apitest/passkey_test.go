package apitest_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"testing"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/factor"
	"github.com/womens-tech-conservatory/conservatory/pkg/softkey"
)

// session is what a sign-in answers.
type session struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	FactorOwed   bool   `json:"factor_owed"`
}

// The whole way of a passkey over HTTP: added, used to sign in and to step up,
// renamed, taken off.
func TestThePathOfAPasskey(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	maria := h.Person(t, "maria")
	forget(t, h, maria.Token)
	post := func(path, token string, body any) apitest.Answer {
		return h.Do(t, apitest.Call{Method: http.MethodPost, Path: path, Token: token, Body: body})
	}
	if a := post("/v1/me/passkeys/options", maria.Token, nil); a.Code() != account.ErrStepUp.Code {
		t.Errorf("without a fresh proof: %d %s", a.Status, a.Body)
	}
	post("/v1/auth/step-up", maria.Token, map[string]string{"password": apitest.Password}).Must(t, http.StatusNoContent)
	phone, id := h.AddPasskey(t, maria)

	var in session
	post("/v1/auth/passkey", "", map[string]any{"credential": h.Use(t, phone, "/v1/auth/passkey/options", "")}).Must(t, http.StatusOK).Into(t, &in)
	if in.FactorOwed || in.RefreshToken == "" {
		t.Errorf("%+v", in)
	}
	var list struct{ Items []struct{ Way string } }
	h.Do(t, apitest.Call{Method: http.MethodGet, Path: "/v1/me/sessions", Token: in.AccessToken}).Must(t, http.StatusOK).Into(t, &list)
	if len(list.Items) != 2 || list.Items[0].Way != account.ByPasskey {
		t.Errorf("sessions %+v", list.Items)
	}
	a := post("/v1/auth/passkey", "", map[string]any{"credential": h.Use(t, phone, "/v1/auth/passkey/options", ""), "refresh_in": "cookie"}).Must(t, http.StatusOK)
	if a.Into(t, &in); a.Header.Get("Set-Cookie") == "" || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%v", a.Header)
	}

	owing := h.PasswordLogIn(t, maria.Email)
	if a := h.Do(t, apitest.Call{Method: http.MethodGet, Path: "/v1/me", Token: owing}); a.Code() != account.ErrFactorOwed.Code || !bytes.Contains(a.Body, []byte(`"passkey"`)) {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	post("/v1/auth/step-up", owing, map[string]any{"passkey": h.Use(t, phone, "/v1/auth/step-up/options", owing)}).Must(t, http.StatusNoContent)
	h.Do(t, apitest.Call{Method: http.MethodGet, Path: "/v1/me", Token: owing}).Must(t, http.StatusOK)

	one := "/v1/me/passkeys/" + id.String()
	h.Do(t, apitest.Call{Method: http.MethodPatch, Path: one, Token: owing, Body: map[string]string{"name": "Old phone"}}).Must(t, http.StatusOK)
	h.Do(t, apitest.Call{Method: http.MethodDelete, Path: one, Token: owing}).Must(t, http.StatusNoContent)
	a = post("/v1/auth/passkey", "", map[string]any{"credential": h.Use(t, phone, "/v1/auth/passkey/options", "")})
	if a.Code() != factor.ErrPasskey.Code {
		t.Errorf("after it was taken off: %d %s", a.Status, a.Body)
	}
}

// Whatever is wrong with an answer, the page gets the same words.
func TestWrongPasskeysAreAnsweredAlike(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	phone, _ := h.AddPasskey(t, h.Person(t, "maria"))
	removed, id := h.AddPasskey(t, h.Person(t, "aisha"))
	if _, err := h.App.DB.Pool().Exec(t.Context(), `DELETE FROM passkeys WHERE id = $1`, id); err != nil {
		t.Fatal(err)
	}
	spent := h.Use(t, phone, "/v1/auth/passkey/options", "")
	h.Do(t, apitest.Call{Method: http.MethodPost, Path: "/v1/auth/passkey", Body: map[string]any{"credential": spent}}).Must(t, http.StatusOK)
	copied := phone.Clone()
	h.Do(t, apitest.Call{Method: http.MethodPost, Path: "/v1/auth/passkey", Body: map[string]any{"credential": h.Use(t, phone, "/v1/auth/passkey/options", "")}}).Must(t, http.StatusOK)
	elsewhere, domain, unverified := phone.Clone(), phone.Clone(), phone.Clone()
	elsewhere.Origin, domain.Domain, unverified.Unverified = "http://frontend.example:8080", "other.example", true

	var first apitest.Answer
	for what, credential := range map[string]json.RawMessage{
		"spent": spent, "of a copy": h.Use(t, copied, "/v1/auth/passkey/options", ""), "taken off": h.Use(t, removed, "/v1/auth/passkey/options", ""),
		"of another page": h.Use(t, elsewhere, "/v1/auth/passkey/options", ""), "of another domain": h.Use(t, domain, "/v1/auth/passkey/options", ""),
		"of an unverified user": h.Use(t, unverified, "/v1/auth/passkey/options", ""),
	} {
		a := h.Do(t, apitest.Call{Method: http.MethodPost, Path: "/v1/auth/passkey", Body: map[string]any{"credential": credential}}).Must(t, http.StatusUnauthorized)
		if first.Body == nil {
			first = a
		}
		if !bytes.Equal(same(t, a), same(t, first)) || !maps.EqualFunc(headers(a), headers(first), slices.Equal[[]string]) {
			t.Errorf("%s: %s %v\nand %s %v", what, a.Body, a.Header, first.Body, first.Header)
		}
	}
}

// A coach who has no factor yet may begin with a passkey, as with an app, and
// keeps her last.
func TestACoachBeginsWithAPasskey(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	const email = "coach@example.org"
	_, err := h.App.Account.Create(t.Context(), account.NewUser{
		Email: email, Password: apitest.Password, DisplayName: "Coach", Roles: []account.Role{account.Coach},
	})
	if err != nil {
		t.Fatal(err)
	}
	coach := apitest.Someone{Token: h.PasswordLogIn(t, email)}
	if a := h.Do(t, apitest.Call{Method: http.MethodGet, Path: "/v1/me", Token: coach.Token}); a.Code() != account.ErrEnrolmentOwed.Code {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	_, id := h.AddPasskey(t, coach)
	h.Do(t, apitest.Call{Method: http.MethodGet, Path: "/v1/me", Token: coach.Token}).Must(t, http.StatusOK)
	a := h.Do(t, apitest.Call{Method: http.MethodDelete, Path: "/v1/me/passkeys/" + id.String(), Token: coach.Token})
	if a.Code() != factor.ErrNeeded.Code {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

// What browsers add to an answer is not read, and a passkey of another site is
// not taken for one of ours.
func TestAnswersOfBrowsers(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	maria := h.Person(t, "maria")
	b := &softkey.Browser{Origin: apitest.Origin}
	body := h.NewPasskey(t, b, maria.Token)
	var credential map[string]any
	if err := json.Unmarshal(body["credential"].(json.RawMessage), &credential); err != nil {
		t.Fatal(err)
	}
	credential["clientExtensionResults"] = map[string]any{"credProps": map[string]any{"rk": true}}
	credential["somethingNew"] = true
	body["credential"] = credential
	h.Do(t, apitest.Call{Method: http.MethodPost, Path: "/v1/me/passkeys", Token: maria.Token, Body: body}).Must(t, http.StatusCreated)
	var factors struct{ Passkeys int }
	h.Do(t, apitest.Call{Method: http.MethodGet, Path: "/v1/me/factors", Token: maria.Token}).Must(t, http.StatusOK).Into(t, &factors)
	if factors.Passkeys != 1 {
		t.Errorf("%+v", factors)
	}
	lying := &softkey.Browser{Origin: "https://elsewhere.example"}
	a := h.Do(t, apitest.Call{Method: http.MethodPost, Path: "/v1/me/passkeys", Token: maria.Token, Body: h.NewPasskey(t, lying, maria.Token)}).
		Must(t, http.StatusUnprocessableEntity)
	if !bytes.Contains(a.Body, []byte(`"/credential"`)) {
		t.Errorf("%s", a.Body)
	}
}

// Whoever was in her account and changed its address keeps no way in when she
// takes it back, and she owes no factor of his.
func TestAStolenAccountIsTakenBackWhole(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	maria := h.Person(t, "maria")
	h.Do(t, apitest.Call{
		Method: http.MethodPost, Path: "/v1/me/email", Token: maria.Token, Body: map[string]string{"email": "thief@example.org"},
	}).Must(t, http.StatusAccepted)
	thief, _ := h.AddPasskey(t, maria)
	undo := h.Token(t, maria.Email, "being changed")
	h.Do(t, apitest.Call{Method: http.MethodPost, Path: "/v1/auth/email/undo", Body: map[string]string{"token": undo}}).Must(t, http.StatusNoContent)
	a := h.Do(t, apitest.Call{Method: http.MethodPost, Path: "/v1/auth/passkey", Body: map[string]any{"credential": h.Use(t, thief, "/v1/auth/passkey/options", "")}})
	if a.Code() != factor.ErrPasskey.Code {
		t.Errorf("the thief: %d %s", a.Status, a.Body)
	}
	h.Do(t, apitest.Call{Method: http.MethodPost, Path: "/v1/auth/password/forgot", Body: map[string]string{"email": maria.Email}}).Must(t, http.StatusAccepted)
	h.Do(t, apitest.Call{
		Method: http.MethodPost, Path: "/v1/auth/password/reset", Body: map[string]string{"token": h.Token(t, maria.Email, "new password"), "password": apitest.Password},
	}).Must(t, http.StatusNoContent)
	h.Do(t, apitest.Call{Method: http.MethodGet, Path: "/v1/me", Token: h.PasswordLogIn(t, maria.Email)}).Must(t, http.StatusOK)
}

// same is a body without what names this one request.
func same(t *testing.T, a apitest.Answer) []byte {
	t.Helper()
	var p struct {
		Instance string `json:"instance"`
	}
	a.Into(t, &p)
	return bytes.ReplaceAll(a.Body, []byte(p.Instance), nil)
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
