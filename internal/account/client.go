package account

import (
	"context"
	"net/netip"
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
