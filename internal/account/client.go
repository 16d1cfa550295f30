package account

import (
	"context"
	"net/netip"

	"github.com/google/uuid"
)

// Client is the device a request comes from, as far as it is kept: a name
// made of what its browser says of itself, and its address without the end.
type Client struct {
	Device  string // Firefox on Linux
	Network string // 203.0.113.0/24
}

const longestDevice = 80

type clientKey struct{}

// WithClient returns a context in which requests come from c.
func WithClient(ctx context.Context, c Client) context.Context {
	if r := []rune(c.Device); len(r) > longestDevice {
		c.Device = string(r[:longestDevice])
	}
	return context.WithValue(ctx, clientKey{}, c)
}

func clientFrom(ctx context.Context) Client {
	c, _ := ctx.Value(clientKey{}).(Client)
	return c
}

type browserKey struct{}

// WithBrowser returns a context in which requests come from a browser that
// still holds this refresh token. When somebody signs in there, the session of
// that token ends: a browser has one.
func WithBrowser(ctx context.Context, refreshToken string) context.Context {
	return context.WithValue(ctx, browserKey{}, refreshToken)
}

// leave ends the session that the browser has held until now, in the
// transaction in which the next one, of somebody, begins. When it
// was another person's, the log does not say that she has left it herself.
func (a *Account) leave(ctx context.Context, next uuid.UUID) error {
	token, _ := ctx.Value(browserKey{}).(string)
	id, _, ok := a.openRefreshToken(token)
	if !ok {
		return nil
	}
	owner, err := a.end(ctx, id, EndedByLogout)
	if err != nil || owner == uuid.Nil {
		return err
	}
	by := owner
	if owner != next {
		by = uuid.Nil
	}
	return a.auditEnd(ctx, by, owner, id, EndedByLogout)
}

// Network cuts an address to what tells a town from another and not a home
// from its neighbour: /24, or /48 of IPv6. "" for what is no address.
func Network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	ip, bits := ip.Unmap().WithZone(""), 48
	if ip.Is4() {
		bits = 24
	}
	prefix, err := ip.Prefix(bits)
	if err != nil {
		return ""
	}
	return prefix.String()
}
