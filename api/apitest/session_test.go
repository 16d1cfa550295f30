package apitest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
	"github.com/womens-tech-conservatory/conservatory/internal/account"
)

type device struct{ ID, Device, Network, Way string }

func TestSessions(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	maria := h.Person(t, "maria")
	list := func(t *testing.T, token string) (items []device) {
		t.Helper()
		var page struct{ Items []device }
		h.Do(t, apitest.Call{Method: http.MethodGet, Path: "/v1/me/sessions", Token: token}).Must(t, http.StatusOK).Into(t, &page)
		return page.Items
	}
	phone := h.Do(t, apitest.Call{
		Method: http.MethodPost, Path: "/v1/auth/login", Body: map[string]string{"email": maria.Email, "password": apitest.Password},
		Header: map[string]string{"User-Agent": "Mozilla/5.0 (Android 14; Mobile; rv:130.0) Gecko/130.0 Firefox/130.0"},
	}).Must(t, http.StatusOK)
	var session struct {
		AccessToken string `json:"access_token"`
	}
	phone.Into(t, &session)

	t.Run("a device is named by its browser and a cut address", func(t *testing.T) {
		named := 0
		for _, d := range list(t, maria.Token) {
			if d.Device == "Firefox on Android" && d.Network == "127.0.0.0/24" && d.Way == "password" {
				named++
			}
		}
		if named != 1 {
			t.Errorf("%+v", list(t, maria.Token))
		}
	})

	t.Run("signing out everywhere else keeps this one", func(t *testing.T) {
		h.Do(t, apitest.Call{Method: http.MethodDelete, Path: "/v1/me/sessions?keep=current", Token: maria.Token}).Must(t, http.StatusNoContent)
		h.Do(t, apitest.Call{Method: http.MethodGet, Path: "/v1/me", Token: session.AccessToken}).Must(t, http.StatusUnauthorized)
		if left := list(t, maria.Token); len(left) != 1 {
			t.Errorf("%+v", left)
		}
	})

	t.Run("an open browser alone ends nobody's sessions", func(t *testing.T) {
		forget(t, h, maria.Token)
		for _, path := range []string{"/v1/me/sessions", "/v1/me/sessions/" + list(t, maria.Token)[0].ID} {
			a := h.Do(t, apitest.Call{Method: http.MethodDelete, Path: path, Token: maria.Token})
			if a.Status != http.StatusUnauthorized || a.Code() != account.ErrStepUp.Code {
				t.Errorf("%s: %d %s", path, a.Status, a.Body)
			}
		}
	})
}

func TestAnAdminSignsAMemberOut(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	w := h.World(t)
	maria := h.Person(t, "maria")
	end := func(token string) int {
		return h.Do(t, apitest.Call{Method: http.MethodDelete, Path: "/v1/admin/members/" + maria.ID.String() + "/sessions", Token: token}).Status
	}
	if got := end(w.A.Token); got != http.StatusForbidden {
		t.Errorf("a member may: %d", got)
	}
	if got := end(w.Admin.Token); got != http.StatusNoContent {
		t.Fatal(got)
	}
	h.Do(t, apitest.Call{Method: http.MethodGet, Path: "/v1/me", Token: maria.Token}).Must(t, http.StatusUnauthorized)
	h.LogIn(t, maria.Email)
	h.Settle(t)
	if letters := h.Mail.Messages(maria.Email); len(letters) != 1 || letters[0].Subject != "You were signed out on every device" {
		t.Errorf("%+v", letters)
	}
	log := h.Do(t, apitest.Call{Method: http.MethodGet, Path: "/v1/admin/audit?action=session.revoke-all", Token: w.Admin.Token}).Must(t, http.StatusOK)
	if body := string(log.Body); !strings.Contains(body, maria.ID.String()) || !strings.Contains(body, w.Admin.ID.String()) {
		t.Error(body)
	}
}

func TestANewPasswordWantsTheOneBefore(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	maria := h.Person(t, "maria")
	put := func(body map[string]string) apitest.Answer {
		return h.Do(t, apitest.Call{Method: http.MethodPut, Path: "/v1/me/password", Token: maria.Token, Body: body})
	}
	for want, body := range map[string]map[string]string{
		"invalid":     {"password": "room for a better yes"},
		"proof-wrong": {"password": "room for a better yes", "current_password": "something else entirely"},
	} {
		if a := put(body); a.Status != http.StatusUnprocessableEntity || a.Code() != want || !strings.Contains(string(a.Body), `"/current_password"`) {
			t.Errorf("want %s, got %d %s", want, a.Status, a.Body)
		}
	}
	put(map[string]string{"password": "room for a better yes", "current_password": apitest.Password}).Must(t, http.StatusNoContent)
}

func TestStepUp(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	maria := h.Person(t, "maria")
	prove := func(token, password string) apitest.Answer {
		return h.Do(t, apitest.Call{Method: http.MethodPost, Path: "/v1/auth/step-up", Token: token, Body: map[string]string{"password": password}})
	}
	if a := prove(maria.Token, "something else entirely"); a.Status != http.StatusUnprocessableEntity || a.Code() != "proof-wrong" {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	prove(maria.Token, apitest.Password).Must(t, http.StatusNoContent)

	who, err := h.App.Account.Authenticate(t.Context(), maria.Token)
	if err != nil || !who.Fresh(time.Now()) {
		t.Fatalf("%+v, %v", who, err)
	}
	if err := h.App.Account.SetFactors(t.Context(), who, []string{"totp"}); err != nil {
		t.Fatal(err)
	}
	owing := h.PasswordLogIn(t, maria.Email)

	t.Run("a session that owes a second factor can do nothing else", func(t *testing.T) {
		a := h.Do(t, apitest.Call{Method: http.MethodGet, Path: "/v1/me", Token: owing})
		if a.Status != http.StatusUnauthorized || a.Code() != "second-factor-required" ||
			!strings.Contains(a.Header.Get("WWW-Authenticate"), `error="insufficient_user_authentication"`) {
			t.Errorf("%d %s %v", a.Status, a.Body, a.Header)
		}
		var problem struct {
			StepUp struct {
				Operation string
				Methods   []string
			} `json:"step_up"`
		}
		a.Into(t, &problem)
		if problem.StepUp.Operation != "/v1/auth/step-up" || strings.Join(problem.StepUp.Methods, " ") != "totp" {
			t.Errorf("%s", a.Body)
		}
	})

	t.Run("her password does not pay it", func(t *testing.T) {
		if a := prove(owing, apitest.Password); a.Status != http.StatusUnauthorized || a.Code() != account.ErrFactorOwed.Code {
			t.Errorf("%d %s", a.Status, a.Body)
		}
	})

	t.Run("she can sign out of it", func(t *testing.T) {
		h.Do(t, apitest.Call{Method: http.MethodPost, Path: "/v1/auth/logout", Token: owing}).Must(t, http.StatusNoContent)
	})
}
