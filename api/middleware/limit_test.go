package middleware_test

import (
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
	"github.com/womens-tech-conservatory/conservatory/api/server"
	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/invitation"
)

// strict holds everybody to the limits of the contract; the others run with a
// thousand times as much.
func strict(c *server.Config) { c.RateLimitFactor = 1 }

// behindProxy believes what a proxy on this machine says about addresses.
func behindProxy(c *server.Config) { c.TrustedProxies = []string{"127.0.0.1"} }

// attempt is a try to sign in with a wrong password, from an address of its
// own and for a mailbox of its own.
func attempt(i int) apitest.Call {
	c := call(http.MethodPost, "/v1/auth/login")
	c.Header = map[string]string{"X-Forwarded-For": fmt.Sprintf("203.0.%d.%d", i/250, i%250)}
	c.Body = map[string]string{"email": fmt.Sprintf("nobody.no%d@example.org", i), "password": "a guess, and another"}
	return c
}

func password(email, password string) map[string]string {
	return map[string]string{"email": email, "password": password}
}

// judged sends n calls and counts those whose password was looked at.
func judged(t *testing.T, h *apitest.House, n int, next func(i int) apitest.Call) (looked int, last apitest.Answer) {
	t.Helper()
	for i := range n {
		last = h.Do(t, next(i))
		switch last.Status {
		case http.StatusUnauthorized:
			looked++
		case http.StatusTooManyRequests:
		default:
			t.Fatalf("answered %d: %s", last.Status, last.Body)
		}
	}
	return looked, last
}

func TestLimits(t *testing.T) {
	t.Parallel()

	t.Run("what is too much is told when to come again, and by which rule", func(t *testing.T) {
		t.Parallel()
		h := apitest.New(t, strict)
		first := h.Do(t, attempt(0))
		if got := first.Header.Get("Ratelimit-Policy"); got != `"default";q=60;w=60, "address-900";q=30;w=900` {
			t.Errorf("policy %s", got)
		}
		if got := first.Header.Get("Ratelimit"); !strings.HasPrefix(got, `"address-900";r=29;t=`) {
			t.Errorf("limit %s", got)
		}
		n, last := judged(t, h, 31, attempt)
		seconds, err := strconv.Atoi(last.Header.Get("Retry-After"))
		if n != 29 || last.Code() != "too-many" || err != nil || seconds < 1 || seconds > 30 {
			t.Errorf("%d more of 31 were looked at; Retry-After %q: %s", n, last.Header.Get("Retry-After"), last.Body)
		}
		if !strings.HasPrefix(last.Header.Get("Ratelimit"), `"address-900";r=0;t=`) {
			t.Errorf("limit %s", last.Header.Get("Ratelimit"))
		}
	})

	t.Run("who claims another address is believed only through a trusted proxy", func(t *testing.T) {
		t.Parallel()
		if n, _ := judged(t, apitest.New(t, strict), 33, attempt); n != 30 {
			t.Errorf("claimed by anybody: %d of 33 were looked at, want 30", n)
		}
		if n, _ := judged(t, apitest.New(t, strict, behindProxy), 33, attempt); n != 33 {
			t.Errorf("told by the proxy: %d of 33 were looked at, want all", n)
		}
	})

	t.Run("what a caller writes before the proxy does, or in other words, changes nothing", func(t *testing.T) {
		t.Parallel()
		h := apitest.New(t, strict, behindProxy)
		n, _ := judged(t, h, 33, func(i int) apitest.Call {
			c := attempt(i)
			invented := c.Header["X-Forwarded-For"]
			c.Header["X-Forwarded-For"] = []string{invented + ", 198.51.100.7", "127.0.0.1, " + invented + ", 198.51.100.7", "nonsense, 198.51.100.7"}[i%3]
			for _, name := range []string{"X-Real-IP", "Forwarded", "True-Client-IP", "CF-Connecting-IP", "X-Client-IP", "X-Cluster-Client-IP", "X-Appengine-Remote-Addr"} {
				c.Header[name] = invented
			}
			return c
		})
		if n != 30 {
			t.Errorf("%d of 33 were looked at, want 30", n)
		}
	})

	t.Run("the addresses of one IPv6 network are one place, and an IPv4 address in IPv6 clothes is itself", func(t *testing.T) {
		t.Parallel()
		h := apitest.New(t, strict, behindProxy)
		from := func(address func(i int) string) func(int) apitest.Call {
			return func(i int) apitest.Call {
				c := attempt(i)
				c.Header["X-Forwarded-For"] = address(i)
				return c
			}
		}
		if n, _ := judged(t, h, 33, from(func(i int) string { return fmt.Sprintf("2001:db8::%x", i+1) })); n != 30 {
			t.Errorf("one /64: %d of 33 were looked at, want 30", n)
		}
		if n, _ := judged(t, h, 33, from(func(i int) string { return []string{"198.51.100.7", "::ffff:198.51.100.7"}[i%2] })); n != 30 {
			t.Errorf("one IPv4 address: %d of 33 were looked at, want 30", n)
		}
	})

	t.Run("an account is no second budget for guessing", func(t *testing.T) {
		t.Parallel()
		h := apitest.New(t, strict)
		who := h.Person(t, "guesser") // signs in once
		n, _ := judged(t, h, 33, func(i int) apitest.Call {
			c := attempt(i)
			if i%2 == 0 {
				c.Token = who.Token
			}
			return c
		})
		if n != 29 {
			t.Errorf("%d of 33 were looked at, want 29", n)
		}
	})
}

// The ways around a limit that are tried first (OWASP WSTG-ATHN-03).
func TestNoWayAroundALimit(t *testing.T) {
	t.Parallel()

	t.Run("another way of writing an address is no other account", func(t *testing.T) {
		t.Parallel()
		h := apitest.New(t, strict, behindProxy)
		spellings := []string{
			"maria.lopez@example.org", "MARIA.LOPEZ@example.org", "maria.lopez@EXAMPLE.ORG", "m.a.r.i.a.lopez@example.org", "marialopez@example.org",
			"maria.lopez+1@example.org", "maria.lopez+2@example.org", "ｍａｒｉａ.lopez@example.org", "maria.lopez@ｅｘａｍｐｌｅ.org", "ᴹaria.lopez@example.org",
		}
		n, _ := judged(t, h, 4*len(spellings), func(i int) apitest.Call {
			c := attempt(i)
			c.Body = password(spellings[i%len(spellings)], "a guess, and another")
			return c
		})
		if n < 5 || n > 6 { // the sixth after twelve seconds, on a slow machine
			t.Errorf("%d of 40 guesses at one mailbox were looked at, want 5", n)
		}
	})

	t.Run("other methods and paths lead to no password", func(t *testing.T) {
		t.Parallel()
		h := apitest.New(t, strict)
		judged(t, h, 31, attempt)
		for _, way := range []struct{ method, path string }{
			{http.MethodHead, "/v1/auth/login"},
			{http.MethodGet, "/v1/auth/login"},
			{http.MethodPut, "/v1/auth/login"},
			{http.MethodOptions, "/v1/auth/login"},
			{http.MethodPost, "/v1/auth/login/"},
			{http.MethodPost, "//v1/auth/login"},
			{http.MethodPost, "/v1//auth/login"},
			{http.MethodPost, "/V1/auth/login"},
			{http.MethodPost, "/v1/auth/./login"},
			{http.MethodPost, "/v1/auth/%6cogin"},
			{http.MethodPost, "/v1/auth/login;x"},
			{http.MethodPost, "/v1/auth/login%00"},
		} {
			c := attempt(0)
			c.Method, c.Path = way.method, way.path
			c.Header["X-HTTP-Method-Override"] = http.MethodPost
			if a := h.Do(t, c); a.Status == http.StatusUnauthorized || a.Status < 300 && way.method != http.MethodOptions {
				t.Errorf("%s %s answered %d: %s", way.method, way.path, a.Status, a.Body)
			}
		}
	})

	t.Run("a token that is not valid does not keep anybody from being counted", func(t *testing.T) {
		t.Parallel()
		h := apitest.New(t, strict)
		n, last := judged(t, h, 63, func(int) apitest.Call {
			c := call(http.MethodGet, "/v1/me")
			c.Token = "not.a.token"
			return c
		})
		if n < 60 || n > 61 || last.Status != http.StatusTooManyRequests {
			t.Errorf("%d of 63 were answered, the last with %d", n, last.Status)
		}
	})
}

// Somebody guesses at the account of somebody else from everywhere.
func TestNobodyLocksSomebodyElseOut(t *testing.T) {
	t.Parallel()
	h := apitest.New(t, strict, behindProxy)
	her := h.Person(t, "her")
	var session struct {
		DeviceToken string `json:"device_token"`
	}
	signIn := func(i int, body map[string]string) apitest.Answer {
		c := attempt(i)
		c.Body = body
		return h.Do(t, c)
	}
	signIn(900, password(her.Email, apitest.Password)).Must(t, http.StatusOK).Into(t, &session)
	known := func(guess string) map[string]string {
		body := password(her.Email, guess)
		body["device_token"] = session.DeviceToken
		return body
	}
	n, last := judged(t, h, 60, func(i int) apitest.Call {
		c := attempt(i)
		c.Body = password(her.Email, "a guess, and another")
		return c
	})
	if n > 5 {
		t.Errorf("%d of 60 guesses were looked at", n)
	}
	if seconds, err := strconv.Atoi(last.Header.Get("Retry-After")); err != nil || seconds < 1 || seconds > 360 {
		t.Errorf("the guesser is told to wait for %q seconds", last.Header.Get("Retry-After"))
	}
	signIn(901, password(her.Email, apitest.Password)).Must(t, http.StatusTooManyRequests)
	signIn(902, known(apitest.Password)).Must(t, http.StatusOK)

	t.Run("in a browser the cookie says the same", func(t *testing.T) {
		c := attempt(903)
		c.Body = password(her.Email, apitest.Password)
		c.Header["Cookie"] = "__Host-device=" + session.DeviceToken
		h.Do(t, c).Must(t, http.StatusOK)
	})

	t.Run("a known device is slowed down too, for itself", func(t *testing.T) {
		n, _ := judged(t, h, 10, func(i int) apitest.Call {
			c := attempt(i)
			c.Body = known("a guess, and another")
			return c
		})
		if n > 3 { // two were used above
			t.Errorf("%d of 10 guesses were looked at", n)
		}
	})

	t.Run("a device of somebody else is not known", func(t *testing.T) {
		other := h.Person(t, "other")
		body := password(other.Email, "a guess, and another")
		body["device_token"] = session.DeviceToken
		n, _ := judged(t, h, 20, func(i int) apitest.Call {
			c := attempt(i)
			c.Body = body
			return c
		})
		if n > 5 {
			t.Errorf("%d of 20 guesses were looked at", n)
		}
	})
}

// Whoever was in her account once made many devices known there. When she has
// shut him out they are no budget each.
func TestManyKnownDevicesAreNoBudgetEach(t *testing.T) {
	t.Parallel()
	h := apitest.New(t, strict, behindProxy)
	her := h.Person(t, "her") // signs in once, as a stranger
	var devices []string
	body := password(her.Email, apitest.Password)
	for i := range 15 {
		var session struct {
			DeviceToken string `json:"device_token"`
		}
		c := attempt(i)
		c.Body = body
		h.Do(t, c).Must(t, http.StatusOK).Into(t, &session)
		devices = append(devices, session.DeviceToken)
		if i >= 3 {
			body = password(her.Email, apitest.Password)
			body["device_token"] = devices[i-3]
		}
	}
	n, _ := judged(t, h, 4*len(devices), func(i int) apitest.Call {
		c := attempt(i)
		c.Body = password(her.Email, "a guess, and another")
		c.Body.(map[string]string)["device_token"] = devices[i%len(devices)]
		return c
	})
	if n > 20 {
		t.Errorf("%d guesses were looked at", n)
	}
}

// Somebody has letters written to one mailbox in every way there is, from
// everywhere and with every way of writing the address. Three arrive in an
// hour, and one more an hour later.
func TestAMailboxIsNotFlooded(t *testing.T) {
	t.Parallel()
	now := clock.NewManual(time.Now())
	h := apitest.At(t, now, strict, behindProxy)
	admin := h.Person(t, "admin", account.Admin)
	victim := h.Person(t, "victim")
	_, link := h.Invite(t, invitation.Invite{Uses: 1000})
	ways := []func(email string) apitest.Call{
		func(email string) apitest.Call { return letter("/v1/invitations", admin.Token, email, nil) },
		func(email string) apitest.Call { return letter("/v1/auth/code", "", email, nil) },
		func(email string) apitest.Call { return letter("/v1/auth/password/forgot", "", email, nil) },
		func(email string) apitest.Call {
			return letter("/v1/auth/signup", "", email, map[string]string{"password": apitest.Password, "display_name": "Somebody"})
		},
		func(email string) apitest.Call {
			return letter("/v1/auth/invitation/accept", "", email, map[string]string{"token": link, "password": apitest.Password, "display_name": "Somebody"})
		},
		func(email string) apitest.Call { return letter("/v1/me/email", h.Person(t, "mover").Token, email, nil) },
	}
	flood := func(wave int) (promised int) {
		for i := range 60 {
			c := ways[i%len(ways)](spelled(victim.Email, i))
			c.Header = map[string]string{"X-Forwarded-For": fmt.Sprintf("203.0.%d.%d", 113+wave, i)}
			switch a := h.Do(t, c); a.Status {
			case http.StatusAccepted, http.StatusCreated:
				promised++
			case http.StatusTooManyRequests:
			default:
				t.Fatalf("%s answered %d: %s", c.Path, a.Status, a.Body)
			}
			now.Advance(time.Second)
		}
		return promised
	}
	if n := flood(0); n != 3 {
		t.Errorf("%d of 60 were promised a letter, want 3", n)
	}
	if n := lettersTo(t, h, victim.Email); n != 3 {
		t.Errorf("%d letters came in an hour, want 3", n)
	}
	sent := sendAgain(t, h, admin.Token)
	if n := lettersTo(t, h, victim.Email); n != 3 || sent != http.StatusTooManyRequests {
		t.Errorf("sent again: %d, %d letters", sent, n)
	}
	now.Advance(time.Hour)
	admin = h.Person(t, "administrator", account.Admin) // the other has to sign in again
	if n := flood(1); n != 1 {
		t.Errorf("%d of 60 were promised a letter in the second hour, want 1", n)
	}
}

// letter asks for one to an address.
func letter(path, token, email string, with map[string]string) apitest.Call {
	body := map[string]string{"email": email}
	maps.Copy(body, with)
	return apitest.Call{Method: http.MethodPost, Path: path, Token: token, Body: body}
}

// spelled is an address as it can be written so that it leads to one mailbox.
func spelled(email string, i int) string {
	local, domain, _ := strings.Cut(email, "@")
	return []string{
		email, strings.ToUpper(email), fmt.Sprintf("%s+%d@%s", local, i, domain), local[:1] + "." + local[1:] + "@" + domain,
		strings.ReplaceAll(local, "v", "\uff56") + "@" + domain, local + "@\uff45" + domain[1:],
	}[i/6%6]
}

// lettersTo counts what has arrived in a mailbox, however it was addressed.
func lettersTo(t *testing.T, h *apitest.House, email string) (n int) {
	t.Helper()
	h.Settle(t)
	for _, m := range h.Mail.Messages("") {
		if h.App.Account.LimitKey(m.To[0]) == h.App.Account.LimitKey(email) {
			n++
		}
	}
	return n
}

// sendAgain asks for the letter of the latest invitation once more.
func sendAgain(t *testing.T, h *apitest.House, token string) (status int) {
	t.Helper()
	var page struct{ Items []struct{ ID string } }
	h.Do(t, apitest.Call{Method: http.MethodGet, Path: "/v1/invitations", Token: token}).Must(t, http.StatusOK).Into(t, &page)
	for _, o := range page.Items {
		a := h.Do(t, apitest.Call{Method: http.MethodPost, Path: "/v1/invitations/" + o.ID + "/letters", Token: token})
		if a.Status != http.StatusConflict { // an open link is not mailed
			return a.Status
		}
	}
	t.Fatal("no invitation was made")
	return 0
}
