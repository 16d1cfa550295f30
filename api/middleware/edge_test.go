package middleware_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
	"github.com/womens-tech-conservatory/conservatory/api/server"
)

func get(path string, header ...string) apitest.Call {
	return call(http.MethodGet, path, header...)
}

func call(method, path string, header ...string) apitest.Call {
	c := apitest.Call{Method: method, Path: path, Header: map[string]string{}}
	for i := 0; i < len(header); i += 2 {
		c.Header[header[i]] = header[i+1]
	}
	return c
}

func TestCORSKnowsExactOriginsOnly(t *testing.T) {
	t.Parallel()
	const ours = "https://app.example.org"
	h := apitest.New(t, func(c *server.Config) { c.FrontendOrigins = []string{ours} })
	preflight := []string{"Access-Control-Request-Method", "PATCH", "Access-Control-Request-Headers", "authorization,if-match"}

	t.Run("ours may send what it needs, with credentials", func(t *testing.T) {
		t.Parallel()
		a := h.Do(t, call(http.MethodOptions, "/v1/me", append(preflight, "Origin", ours)...)).Must(t, http.StatusNoContent)
		for name, want := range map[string]string{
			"Access-Control-Allow-Origin": ours, "Access-Control-Allow-Credentials": "true", "Access-Control-Max-Age": "600",
		} {
			if got := a.Header.Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		if m := a.Header.Get("Access-Control-Allow-Methods"); !strings.Contains(m, "PATCH") {
			t.Errorf("methods %q", m)
		}
		if got := h.Do(t, get("/v1/plans", "Origin", ours)).Must(t, http.StatusOK).Header.Get("Access-Control-Allow-Origin"); got != ours {
			t.Errorf("an answer is for %q", got)
		}
	})

	t.Run("a problem can be read by ours too", func(t *testing.T) {
		t.Parallel()
		a := h.Do(t, get("/v1/me", "Origin", ours)).Must(t, http.StatusUnauthorized)
		if got := a.Header.Get("Access-Control-Allow-Origin"); got != ours {
			t.Errorf("it is for %q", got)
		}
	})

	for name, origin := range map[string]string{
		"nobody": "null", "another": "https://evil.example", "a suffix": ours + ".evil.example", "a prefix": "https://evil-app.example.org",
		"a subdomain": "https://x.app.example.org", "http": "http://app.example.org", "another port": ours + ":8443",
		"capital letters": "https://APP.example.org", "a path": ours + "/", "any": "*", "two": ours + ", https://evil.example",
	} {
		t.Run(name+" gets nothing", func(t *testing.T) {
			t.Parallel()
			for _, a := range []apitest.Answer{
				h.Do(t, get("/v1/plans", "Origin", origin)),
				h.Do(t, call(http.MethodOptions, "/v1/plans", append(preflight, "Origin", origin)...)),
			} {
				for header := range a.Header {
					if strings.HasPrefix(header, "Access-Control-") {
						t.Errorf("%s: %s", header, a.Header.Get(header))
					}
				}
				if !slices.Contains(a.Header.Values("Vary"), "Origin") {
					t.Errorf("Vary is %q", a.Header.Values("Vary"))
				}
			}
		})
	}
}

func TestEveryAnswerSaysHowToTreatIt(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	for _, path := range []string{"/v1/plans", "/v1/me", "/v1/nothing", "/healthz"} {
		a := h.Do(t, get(path))
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY",
			"Cross-Origin-Resource-Policy": "same-site", "Server": "", "Strict-Transport-Security": "",
			"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
		} {
			if got := a.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
		if !slices.Contains(a.Header.Values("Vary"), "Authorization") {
			t.Errorf("%s varies by %q", path, a.Header.Values("Vary"))
		}
	}
}

func TestRequestID(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	id := func(sent string) string {
		return h.Do(t, get("/healthz", "X-Request-ID", sent)).Header.Get("X-Request-ID")
	}
	if got := id("from-the-proxy_0123"); got != "from-the-proxy_0123" {
		t.Errorf("a plain id became %q", got)
	}
	for _, strange := range []string{"", "short", strings.Repeat("x", 65), "maria@example.org", "a b c d e f g", `"><script>alert(1)`} {
		if got := id(strange); got == strange || len(got) != 36 {
			t.Errorf("%q became %q", strange, got)
		}
	}
}

func TestWhatIsNotThereIsAProblem(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	for _, path := range []string{
		"/v1/plans/", "/v1//plans", "//v1/plans", "/v1/%2e%2e/healthz", "/v1/../healthz", "/v1/./plans", "/v1/plans%2f", "/V1/plans", "/v1/plans;x=1", "/.env",
	} {
		a := h.Do(t, get(path)).Must(t, http.StatusNotFound)
		if a.Code() != "not-found" || a.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %s %s", path, a.Header.Get("Content-Type"), a.Body)
		}
	}
}

func TestMethods(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)

	t.Run("another one is told which there are", func(t *testing.T) {
		t.Parallel()
		for c, want := range map[[2]string][]string{
			{"DELETE", "/v1/plans"}: {"GET"},
			{"OPTIONS", "/v1/me"}:   {"GET", "PATCH"},
			{"PUT", "/v1/topics/00000000-0000-7000-8000-000000000000"}:     {"DELETE", "GET", "PATCH"},
			{"BREW", "/v1/auth/login"}:                                     {"POST"},
			{"HEAD", "/v1/auth/login"}:                                     {"POST"},
			{"HEAD", "/v1/stream"}:                                         {"GET"},
			{"GET", "/v1/webhooks/stripe"}:                                 {"POST"},
			{"PATCH", "/v1/posts/00000000-0000-7000-8000-000000000000/no"}: nil,
		} {
			a := h.Do(t, call(c[0], c[1]))
			var allowed []string
			if allow := a.Header.Get("Allow"); allow != "" {
				allowed = strings.Split(allow, ", ")
			}
			slices.Sort(allowed)
			status := http.StatusMethodNotAllowed
			if want == nil {
				status = http.StatusNotFound
			}
			if a.Status != status || !slices.Equal(allowed, want) || a.Header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("%s %s answered %d, allows %q: %s", c[0], c[1], a.Status, allowed, a.Body)
			}
		}
	})

	t.Run("HEAD is GET without the body", func(t *testing.T) {
		t.Parallel()
		for path, status := range map[string]int{"/healthz": 200, "/v1/plans": 200, "/v1/me": 401, "/v1/nothing": 404} {
			a := h.Do(t, call(http.MethodHead, path))
			if a.Status != status || len(a.Body) != 0 || a.Header.Get("Content-Type") == "" {
				t.Errorf("%s answered %d %q with %d bytes", path, a.Status, a.Header.Get("Content-Type"), len(a.Body))
			}
		}
	})
}
