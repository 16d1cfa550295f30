package server

import (
	"strings"
	"testing"

	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/pkg/ratelimit/redistest"
)

func TestDoctorAsksTheRedis(t *testing.T) {
	t.Parallel()
	p := healthy(t)
	redis := redistest.Run(t)
	for _, c := range []struct{ url, want string }{
		{"", "! Each node counts rate limits for itself."},
		{redis.URL, "✓ The Redis of the rate limits answers."},
		{"redis://:a-secret-word@" + redistest.Free(t), "✗ Redis:"},
		{"https://example.org", "✗ Configuration: CONSERVATORY_REDIS_URL"},
	} {
		p.vars["CONSERVATORY_REDIS_URL"] = c.url
		out, err := p.examine(t, clock.System{})
		if !strings.Contains(out, c.want) || (err == nil) == strings.HasPrefix(c.want, "✗") {
			t.Errorf("%q: %v, want %q in\n%s", c.url, err, c.want, out)
		}
		if strings.Contains(out, "a-secret-word") {
			t.Errorf("the password is shown:\n%s", out)
		}
	}
}

func TestNear(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"localhost": true, "redis": true, "127.0.0.1": true, "10.1.2.3": true, "::1": true, "203.0.113.7": false, "redis.example.org": false,
	} {
		if near(host) != want {
			t.Errorf("%s: %v", host, !want)
		}
	}
}
