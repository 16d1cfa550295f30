package middleware_test

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
	"github.com/womens-tech-conservatory/conservatory/api/server"
)

// logIns tries n times to sign in with a wrong password, as seen through
// header(i), and counts what was too much.
func logIns(t *testing.T, h *apitest.House, n int, change func(i int, c *apitest.Call)) (tooMany int, last apitest.Answer) {
	t.Helper()
	for i := range n {
		c := call(http.MethodPost, "/v1/auth/login")
		c.Body = map[string]string{"email": fmt.Sprintf("nobody.%d@example.org", i), "password": "a guess, and another"}
		change(i, &c)
		last = h.Do(t, c)
		switch last.Status {
		case http.StatusTooManyRequests:
			tooMany++
		case http.StatusUnauthorized:
		default:
			t.Fatalf("answered %d: %s", last.Status, last.Body)
		}
	}
	return tooMany, last
}

func TestLimits(t *testing.T) {
	t.Parallel()
	strict := func(c *server.Config) { c.RateLimitFactor = 1 }
	proxied := func(i int, c *apitest.Call) { c.Header["X-Forwarded-For"] = fmt.Sprintf("203.0.113.%d", i) }

	t.Run("what is too much is told when to come again", func(t *testing.T) {
		t.Parallel()
		n, last := logIns(t, apitest.New(t, strict), 31, func(int, *apitest.Call) {})
		seconds, err := strconv.Atoi(last.Header.Get("Retry-After"))
		if n != 1 || last.Code() != "too-many" || err != nil || seconds < 1 {
			t.Errorf("%d of 31 were too many; Retry-After %q: %s", n, last.Header.Get("Retry-After"), last.Body)
		}
		if last.Header.Get("Ratelimit") == "" || last.Header.Get("Ratelimit-Policy") != `"default";q=30` {
			t.Errorf("headers %v", last.Header)
		}
	})

	t.Run("who claims another address is believed only through a trusted proxy", func(t *testing.T) {
		t.Parallel()
		if n, _ := logIns(t, apitest.New(t, strict), 33, proxied); n != 3 {
			t.Errorf("claimed by anybody: %d of 33 were too many, want 3", n)
		}
		trusted := apitest.New(t, strict, func(c *server.Config) { c.TrustedProxies = []string{"127.0.0.1"} })
		if n, _ := logIns(t, trusted, 33, proxied); n != 0 {
			t.Errorf("told by the proxy: %d of 33 were too many, want 0", n)
		}
	})

	t.Run("the addresses of one IPv6 network are one place", func(t *testing.T) {
		t.Parallel()
		h := apitest.New(t, strict, func(c *server.Config) { c.TrustedProxies = []string{"127.0.0.1"} })
		n, _ := logIns(t, h, 33, func(i int, c *apitest.Call) { c.Header["X-Forwarded-For"] = fmt.Sprintf("2001:db8::%x", i+1) })
		if n != 3 {
			t.Errorf("%d of 33 were too many, want 3", n)
		}
	})

	t.Run("an account is no second budget for guessing", func(t *testing.T) {
		t.Parallel()
		h := apitest.New(t, strict)
		who := h.Person(t, "guesser") // signs in once
		n, _ := logIns(t, h, 33, func(i int, c *apitest.Call) {
			if i%2 == 0 {
				c.Token = who.Token
			}
		})
		if n != 4 {
			t.Errorf("%d of 33 were too many, want 4", n)
		}
	})
}
