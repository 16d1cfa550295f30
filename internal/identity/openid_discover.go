package identity

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/womens-tech-conservatory/conservatory/internal/clock"
)

const (
	answerTime   = 4 * time.Second // of a provider, each time it is asked
	longestReply = 1 << 20
	believedFor  = time.Hour // what a provider says of itself, its keys too: one that it withdrew is forgotten by then
)

// client speaks to one provider.
type client struct {
	provider Provider
	redirect string
	clock    clock.Clock
	http     *http.Client

	turn chan struct{} // guards what follows
	meta *metadata
	at   time.Time
}

// metadata is what a provider says of itself.
type metadata struct {
	provider   *oidc.Provider
	keys       oidc.KeySet
	oauth      oauth2.Config
	saysIssuer bool // its way back always names it (RFC 9207)
}

func newClient(p Provider, redirectURL string, c clock.Clock) *client {
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: answerTime}).DialContext, ForceAttemptHTTP2: true,
		TLSHandshakeTimeout: answerTime, ResponseHeaderTimeout: answerTime, MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute,
		MaxResponseHeaderBytes: 64 << 10,
	}
	return &client{
		provider: p, redirect: redirectURL, clock: c, turn: make(chan struct{}, 1),
		http: &http.Client{
			Transport: bounded{transport}, Timeout: answerTime,
			// None of these addresses has a reason to move while it is asked.
			CheckRedirect: func(*http.Request, []*http.Request) error { return errors.New("a provider redirects us") },
		},
	}
}

// bounded breaks answers off that are too long.
type bounded struct{ next http.RoundTripper }

// RoundTrip asks next.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.next.RoundTrip(r)
	if err == nil {
		resp.Body = http.MaxBytesReader(nil, resp.Body, longestReply)
	}
	return resp, err //nolint:wrapcheck // the client wraps it
}

// through makes the library use our client.
func (c *client) through(ctx context.Context) context.Context { return oidc.ClientContext(ctx, c.http) }

// discover asks a provider what it says of itself (OpenID Connect Discovery
// 1.0), once an hour. Fault: ErrProvider.
func (c *client) discover(ctx context.Context) (*metadata, error) {
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return nil, ErrProvider.Because(ctx.Err())
	}
	now := c.clock.Now()
	if c.meta != nil && now.Sub(c.at) < believedFor {
		return c.meta, nil
	}
	m, err := c.ask(ctx)
	if err != nil {
		return nil, ErrProvider.Because(brief(err))
	}
	c.meta, c.at = m, now
	return m, nil
}

func (c *client) ask(ctx context.Context) (*metadata, error) {
	p, err := oidc.NewProvider(c.through(ctx), c.provider.Issuer) // which must name itself so
	if err != nil {
		return nil, fmt.Errorf("discover %s: %w", c.provider.Name, err)
	}
	var said struct {
		JWKS       string   `json:"jwks_uri"`
		Methods    []string `json:"token_endpoint_auth_methods_supported"`
		SaysIssuer bool     `json:"authorization_response_iss_parameter_supported"`
		Responses  []string `json:"response_types_supported"`
	}
	if err := p.Claims(&said); err != nil {
		return nil, fmt.Errorf("discover %s: %w", c.provider.Name, err)
	}
	endpoint := p.Endpoint()
	for what, address := range map[string]string{"authorization": endpoint.AuthURL, "token": endpoint.TokenURL, "keys": said.JWKS, "userinfo": p.UserInfoEndpoint()} {
		if !c.provider.trusts(address) && (what != "userinfo" || address != "") {
			return nil, fmt.Errorf("discover %s: the %s endpoint is not an https address", c.provider.Name, what)
		}
	}
	if len(said.Responses) > 0 && !slices.Contains(said.Responses, "code") {
		return nil, fmt.Errorf("discover %s: it knows no authorization codes", c.provider.Name)
	}
	endpoint.AuthStyle = c.style(said.Methods)
	return &metadata{
		provider: p, saysIssuer: said.SaysIssuer,
		keys: oidc.NewRemoteKeySet(c.through(context.WithoutCancel(ctx)), said.JWKS),
		oauth: oauth2.Config{
			ClientID: c.provider.ClientID, ClientSecret: c.provider.ClientSecret, Endpoint: endpoint,
			RedirectURL: c.redirect, Scopes: append([]string{oidc.ScopeOpenID}, c.provider.Scopes...),
		},
	}, nil
}

// style is how our secret is sent. Trying both would spend the code.
func (c *client) style(methods []string) oauth2.AuthStyle {
	basic := len(methods) == 0 || slices.Contains(methods, "client_secret_basic")
	if c.provider.ClientSecret == "" || !basic {
		return oauth2.AuthStyleInParams
	}
	return oauth2.AuthStyleInHeader
}
