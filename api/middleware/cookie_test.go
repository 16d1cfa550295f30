package middleware_test

import (
	"net/http"
	"testing"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
)

// A browser sends the cookie with whatever page makes the request; only pages
// of the frontend may use it (OWASP ASVS 3.5).
func TestOnlyTheFrontendMayUseTheCookie(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	someone := h.Person(t, "cookie")
	browser := []string{"Origin", apitest.Origin, "Sec-Fetch-Site", "same-site"}
	cookie := func(t *testing.T) string {
		t.Helper()
		c := call(http.MethodPost, "/v1/auth/login", browser...)
		c.Body = map[string]string{"email": someone.Email, "password": apitest.Password, "refresh_in": "cookie"}
		return setCookie(t, h.Do(t, c).Must(t, http.StatusOK)).Value
	}
	try := func(t *testing.T, op, value string, header ...string) apitest.Answer {
		t.Helper()
		c := call(http.MethodPost, "/v1/auth/"+op, append(header, "Cookie", "__Host-refresh="+value)...)
		c.Body = map[string]string{}
		return h.Do(t, c)
	}

	for name, header := range map[string][]string{
		"another site":                      {"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"},
		"another host of the same site":     {"Origin", "http://evil.frontend.example", "Sec-Fetch-Site", "same-site"},
		"a page without an origin":          {"Origin", "null", "Sec-Fetch-Site", "cross-site"},
		"an old browser on another site":    {"Origin", "https://evil.example"},
		"a request that hides its origin":   {"Sec-Fetch-Site", "cross-site"},
		"the frontend's name over another":  {"Origin", apitest.Origin + ".evil.example", "Sec-Fetch-Site", "cross-site"},
		"a same-site page, origin withheld": {"Sec-Fetch-Site", "same-site"},
	} {
		t.Run(name+" may not", func(t *testing.T) {
			t.Parallel()
			value := cookie(t)
			for _, op := range []string{"refresh", "logout"} {
				if a := try(t, op, value, header...); a.Status != http.StatusForbidden || a.Code() != "origin-unknown" || a.Header.Get("Set-Cookie") != "" {
					t.Errorf("%s answered %d: %s", op, a.Status, a.Body)
				}
			}
			try(t, "refresh", value, browser...).Must(t, http.StatusOK)
		})
	}

	t.Run("the frontend may, and then the cookie is gone", func(t *testing.T) {
		t.Parallel()
		a := try(t, "refresh", cookie(t), browser...).Must(t, http.StatusOK)
		next := setCookie(t, a)
		if !next.HttpOnly || !next.Secure || next.SameSite != http.SameSiteStrictMode || next.Path != "/" || next.Domain != "" || next.MaxAge <= 0 {
			t.Errorf("the cookie is %s", next)
		}
		if gone := setCookie(t, try(t, "logout", next.Value, browser...).Must(t, http.StatusNoContent)); gone.MaxAge >= 0 {
			t.Errorf("after signing out the cookie is %s", gone)
		}
		try(t, "refresh", next.Value, browser...).Must(t, http.StatusUnauthorized)
	})
}

func setCookie(t *testing.T, a apitest.Answer) *http.Cookie {
	t.Helper()
	c, err := http.ParseSetCookie(a.Header.Get("Set-Cookie"))
	if err != nil {
		t.Fatalf("%v: %q", err, a.Header.Values("Set-Cookie"))
	}
	return c
}
