package server

import (
	"context"
	"net"
	"net/url"
	"strings"

	"github.com/womens-tech-conservatory/conservatory/pkg/ratelimit"
)

// redis asks the Redis in which nodes count their rate limits together.
func (v *visit) redis(ctx context.Context) {
	if v.cfg.RedisURL == "" {
		v.odd("Each node counts rate limits for itself.", "With more than one node set CONSERVATORY_REDIS_URL, or every limit is multiplied by their number.")
		return
	}
	shared, err := ratelimit.Open(v.cfg.RedisURL, nil, nil)
	if err != nil {
		return // the configuration says what is wrong with it
	}
	defer shared.Close() //nolint:errcheck // it was only asked
	if err := shared.Ping(ctx); err != nil {
		v.bad("Redis: "+oneLine(err), "Check CONSERVATORY_REDIS_URL. Meanwhile each node counts rate limits for itself.")
		return
	}
	v.good("The Redis of the rate limits answers.")
	if u, err := url.Parse(v.cfg.RedisURL); err == nil && u.Scheme == "redis" && !near(u.Hostname()) {
		v.odd("The Redis is reached without TLS.", "Use rediss:// unless the network between is private: who reads it learns who is counted.")
	}
}

// near tells this machine and private networks.
func near(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || !strings.Contains(host, ".") || ip != nil && (ip.IsLoopback() || ip.IsPrivate())
}
