package apitest_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
	"github.com/womens-tech-conservatory/conservatory/api/server"
)

// Keys change on two replicas while people sign in at one and go on at the
// other. The key of the environment signs first, as the binary before this
// one would, then keys of the database.
func TestKeysRotateUnderTrafficWithoutOneRefusal(t *testing.T) {
	t.Parallel()
	a := apitest.New(t)
	b := a.Replica(t)
	maria, busy := a.Person(t, "maria"), a.Person(t, "busy") // with so many sessions that early ones end
	environment := kidOf(t, maria.Token)

	traffic := crowd{stop: make(chan struct{})}
	for _, pair := range [][2]*apitest.House{{a, b}, {b, a}} {
		traffic.running.Go(func() { traffic.signInAndGoOn(t, pair[0], pair[1], busy) })
	}
	before := environment
	for range 2 {
		key, err := a.App.Keyring.Rotate(t.Context(), true)
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, "a token signed with the new key", func() bool { return traffic.last() == key.ID })
		if key.ID == before {
			t.Error("the key did not change")
		}
		before = key.ID
	}
	close(traffic.stop)
	traffic.running.Wait()
	if traffic.failed.Load() > 0 || traffic.done.Load() < 20 {
		t.Errorf("%d of %d failed", traffic.failed.Load(), traffic.done.Load())
	}

	t.Run("the token from before all of it is still good", func(t *testing.T) {
		b.Do(t, apitest.Call{Method: http.MethodGet, Path: "/v1/me", Token: maria.Token}).Must(t, http.StatusOK)
	})

	t.Run("the published keys are those that verify, for a short while", func(t *testing.T) {
		answer := b.Do(t, apitest.Call{Method: http.MethodGet, Path: "/.well-known/jwks.json"}).Must(t, http.StatusOK)
		var set struct{ Keys []struct{ Kid string } }
		answer.Into(t, &set)
		var kids []string
		for _, key := range set.Keys {
			kids = append(kids, key.Kid)
		}
		if len(kids) != 3 || kids[0] != before || kids[2] != environment || answer.Header.Get("Cache-Control") != "public, max-age=300" {
			t.Errorf("%v, %s", kids, answer.Header.Get("Cache-Control"))
		}
	})

	t.Run("a key that has leaked is refused on both", func(t *testing.T) {
		token := a.LogIn(t, maria.Email)
		if _, err := a.App.Keyring.Rotate(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		eventually(t, "another key signs", func() bool { return kidOf(t, a.LogIn(t, busy.Email)) != before })
		if err := a.App.Keyring.Forget(t.Context(), before); err != nil {
			t.Fatal(err)
		}
		for _, h := range []*apitest.House{a, b} {
			eventually(t, "it is refused", func() bool {
				return h.Do(t, apitest.Call{Method: http.MethodGet, Path: "/v1/me", Token: token}).Status == http.StatusUnauthorized
			})
		}
	})
}

// crowd is people who sign in all the time.
type crowd struct {
	running      sync.WaitGroup
	stop         chan struct{}
	done, failed atomic.Int64
	kid          atomic.Value
}

func (c *crowd) last() string {
	kid, _ := c.kid.Load().(string)
	return kid
}

func (c *crowd) signInAndGoOn(t *testing.T, in, on *apitest.House, who apitest.Someone) {
	t.Helper()
	for {
		select {
		case <-c.stop:
			return
		default:
		}
		token := in.LogIn(t, who.Email)
		for _, h := range []*apitest.House{on, in} {
			if a := h.Do(t, apitest.Call{Method: http.MethodGet, Path: "/v1/me", Token: token}); a.Status != http.StatusOK {
				c.failed.Add(1)
			}
		}
		c.done.Add(1)
		c.kid.Store(kidOf(t, token))
	}
}

func kidOf(t *testing.T, token string) string {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[0])
	if err != nil {
		t.Fatal(err)
	}
	var header struct{ Kid string }
	if err := json.Unmarshal(text, &header); err != nil {
		t.Fatal(err)
	}
	return header.Kid
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

func TestAHouseWithoutKeysInItsEnvironmentMakesItsOwn(t *testing.T) {
	t.Parallel()
	h := apitest.New(t, func(c *server.Config) { c.TokenKeys = nil })
	eventually(t, "ready", func() bool {
		return h.Do(t, apitest.Call{Method: http.MethodGet, Path: "/readyz"}).Status == http.StatusOK
	})
	maria := h.Person(t, "maria")
	h.Do(t, apitest.Call{Method: http.MethodGet, Path: "/v1/me", Token: maria.Token}).Must(t, http.StatusOK)
}
