package middleware_test

import (
	"net/http"
	"testing"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
	"github.com/womens-tech-conservatory/conservatory/api/server"
	"github.com/womens-tech-conservatory/conservatory/pkg/ratelimit/redistest"
)

func TestLimitsOfTwoNodes(t *testing.T) {
	t.Parallel()
	redis := redistest.Run(t)
	h := apitest.New(t, strict, func(c *server.Config) { c.RedisURL = redis.URL })
	twin := h.Replica(t)
	nodes := []*apitest.House{h, twin}
	looked := 0
	both := func(n int) {
		for i := range n {
			got, _ := judged(t, nodes[i%2], 1, func(int) apitest.Call { return attempt(i) })
			looked += got
		}
	}
	both(20)
	redis.Stop()
	both(4)
	if looked != 24 {
		t.Errorf("%d of 24 were looked at", looked)
	}

	t.Run("without the Redis each goes on with what it counted itself, and nobody sees an error", func(t *testing.T) {
		n, _ := judged(t, h, 40, attempt)
		if n != 18 { // 12 went to it before
			t.Errorf("%d of 40 were looked at, want 18", n)
		}
	})

	t.Run("with it both share one budget", func(t *testing.T) {
		other := redistest.Run(t)
		a := apitest.New(t, strict, func(c *server.Config) { c.RedisURL = other.URL })
		b := a.Replica(t)
		got := 0
		for i := range 70 {
			n, last := judged(t, []*apitest.House{a, b}[i%2], 1, func(int) apitest.Call { return attempt(i) })
			got += n
			if last.Status == http.StatusTooManyRequests && last.Header.Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
		}
		if got < 30 || got > 33 {
			t.Errorf("%d of 70 were looked at on two nodes, want 30 and a tenth more at most", got)
		}
	})
}
