package server

import (
	"context"
	"fmt"

	"github.com/womens-tech-conservatory/conservatory/internal/identity"
)

// providers asks each OpenID Connect provider what it says of itself.
func (v *visit) providers(ctx context.Context) {
	all, err := v.cfg.Providers()
	if err != nil {
		return // the configuration has said so
	}
	for _, p := range all {
		if err := identity.Check(ctx, p, v.cfg.ProviderReturn(), v.clock); err != nil {
			v.bad(fmt.Sprintf("Sign-in with %s: %s.", p.Title, oneLine(err)),
				"Its issuer in CONSERVATORY_OIDC_PROVIDERS must be written exactly as in its /.well-known/openid-configuration, which this machine must reach.")
			continue
		}
		v.good("Sign-in with %s. It must know %s as a redirect URI.", p.Title, v.cfg.ProviderReturn())
	}
}
