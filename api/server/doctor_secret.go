package server

import (
	"context"
	"fmt"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/factor"
	"github.com/womens-tech-conservatory/conservatory/internal/keyring"
)

func (c Config) factors() factor.Config {
	return factor.Config{
		Secret: c.Derive("factor"), Previous: c.DerivePrevious("factor"), Issuer: "Conservatory", Domain: c.PasskeyDomain(), Origins: c.PasskeyOrigins(),
	}
}

const secretRunbook = "See deployments/runbooks/secret.md."

// secret asks whether the secret opens what is in the database, and how much
// still needs the one before.
func (v *visit) secret(ctx context.Context) {
	if !v.migrated(ctx, "recovery_codes") || !v.migrated(ctx, "signing_keys") || len(v.cfg.Secret) < 32 {
		return
	}
	factors, keys, closed, err := v.sealing(ctx)
	switch previous := factors.Previous + keys; {
	case err != nil:
		v.bad("Second factors and signing keys: "+oneLine(err), secretRunbook)
	case factors.Closed > 0:
		v.bad(fmt.Sprintf("%d authenticator apps were set up under another secret, and their owners cannot sign in.", factors.Closed),
			"Set it as CONSERVATORY_SECRET_PREVIOUS. "+secretRunbook)
	case closed > 0:
		v.odd(fmt.Sprintf("%d signing keys were sealed with another secret.", closed), "They are forgotten in their time. "+secretRunbook)
	case v.cfg.SecretPrevious == "":
		v.good("The secret opens what is sealed.")
	case previous > 0:
		v.odd(fmt.Sprintf("%d authenticator apps and signing keys still need CONSERVATORY_SECRET_PREVIOUS, and %d recovery codes.", previous, factors.Codes),
			"A worker seals all but the codes anew within an hour. "+secretRunbook)
	case factors.Codes > 0:
		v.odd(fmt.Sprintf("%d recovery codes still need CONSERVATORY_SECRET_PREVIOUS, and nothing else.", factors.Codes), "They end when it is taken away. "+secretRunbook)
	default:
		v.odd("Nothing needs CONSERVATORY_SECRET_PREVIOUS any more but links and refresh tokens.", "Take it away 30 days after the change. "+secretRunbook)
	}
}

func (v *visit) sealing(ctx context.Context) (factors factor.Sealing, keys, closed int, err error) {
	f, err := factor.New(v.db, v.clock, nil, nil, v.cfg.factors())
	if err != nil {
		return factors, 0, 0, err
	}
	ring, err := keyring.New(v.db, v.clock, keyring.Config{
		SealKey: v.cfg.Derive("keyring"), PreviousKey: v.cfg.DerivePrevious("keyring"), TokenLife: account.TokenLife,
	})
	if err != nil {
		return factors, 0, 0, err
	}
	if factors, err = f.Sealing(ctx); err != nil {
		return factors, 0, 0, err
	}
	keys, closed, err = ring.Sealing(ctx)
	return factors, keys, closed, err
}
