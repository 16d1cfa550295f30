package apitest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
)

func TestSheLinksAndUnlinksAProvider(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	maria := h.Person(t, "maria")
	call := func(method, path string, body any) apitest.Call {
		return apitest.Call{Method: method, Path: path, Token: maria.Token, Body: body}
	}
	there := apitest.Stranger()
	there.Email = maria.Email

	t.Run("her address alone opens nothing", func(t *testing.T) {
		f := h.BeginSignIn(t, apitest.ProviderName, true)
		a := h.Do(t, apitest.Call{
			Method: http.MethodPost, Path: "/v1/auth/oidc/finish", Body: f.Return(h.Provider.Authorize(t, f.AuthorizationURL, there)),
		})
		if a.Status != http.StatusConflict || a.Code() != "identity-unlinked" {
			t.Errorf("%d %s", a.Status, a.Body)
		}
	})

	t.Run("she links it from her session and gets in by it", func(t *testing.T) {
		var f apitest.Flow
		h.Do(t, call(http.MethodPost, "/v1/me/identities/"+apitest.ProviderName, nil)).Must(t, http.StatusOK).Into(t, &f)
		h.Do(t, call(http.MethodPost, "/v1/me/identities", f.Return(h.Provider.Authorize(t, f.AuthorizationURL, there)))).Must(t, http.StatusCreated)
		g := h.BeginSignIn(t, apitest.ProviderName, false)
		a := h.Do(t, apitest.Call{
			Method: http.MethodPost, Path: "/v1/auth/oidc/finish", Body: g.Return(h.Provider.Authorize(t, g.AuthorizationURL, there)),
		}).Must(t, http.StatusOK)
		if !strings.Contains(string(a.Body), maria.ID.String()) {
			t.Errorf("somebody else is signed in: %s", a.Body)
		}
		if a := h.Do(t, call(http.MethodGet, "/v1/me/identities", nil)).Must(t, http.StatusOK); !strings.Contains(string(a.Body), `"last_used_at"`) {
			t.Errorf("%s", a.Body)
		}
	})

	t.Run("it wants a fresh proof of who she is", func(t *testing.T) {
		if _, err := h.App.DB.Pool().Exec(t.Context(), `UPDATE sessions SET proved_at = now() - interval '11 minutes' WHERE user_id = $1`, maria.ID); err != nil {
			t.Fatal(err)
		}
		for _, c := range []apitest.Call{
			call(http.MethodPost, "/v1/me/identities/"+apitest.ProviderName, nil), call(http.MethodDelete, "/v1/me/identities/"+apitest.ProviderName, nil),
			call(http.MethodPost, "/v1/me/identities", map[string]string{"flow": "a", "state": "b", "code": "c"}),
		} {
			if a := h.Do(t, c); a.Status != http.StatusUnauthorized || a.Code() != "step-up-required" {
				t.Errorf("%s %s: %d %s", c.Method, c.Path, a.Status, a.Body)
			}
		}
		h.Do(t, call(http.MethodPost, "/v1/auth/step-up", map[string]string{"password": apitest.Password})).Must(t, http.StatusNoContent)
	})

	t.Run("taking it off shuts that door, and mails tell her of both", func(t *testing.T) {
		h.Do(t, call(http.MethodDelete, "/v1/me/identities/"+apitest.ProviderName, nil)).Must(t, http.StatusNoContent)
		h.Do(t, call(http.MethodDelete, "/v1/me/identities/"+apitest.ProviderName, nil)).Must(t, http.StatusNotFound)
		h.Settle(t)
		var subjects []string
		for _, m := range h.Mail.Messages(maria.Email) {
			subjects = append(subjects, m.Subject)
		}
		if all := strings.Join(subjects, "\n"); !strings.Contains(all, "was linked to your account") || !strings.Contains(all, "was taken off your account") {
			t.Errorf("she got:\n%s", all)
		}
	})

	t.Run("what the contract shows as providers is what there is", func(t *testing.T) {
		a := h.Do(t, apitest.Call{Method: http.MethodGet, Path: "/v1/auth/oidc"}).Must(t, http.StatusOK)
		if string(a.Body) != `{"items":[{"name":"example","title":"Example"}]}`+"\n" {
			t.Errorf("%s", a.Body)
		}
	})
}
