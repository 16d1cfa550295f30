package identity

import (
	"slices"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
)

// ways are how else somebody can sign in.
type ways struct {
	password, passkey bool
	configured        []string // providers that can be asked
}

// mayUnlink says whether a provider may be taken off an account: it is linked,
// and she still gets in without it. Faults: ErrNotFound, ErrOnlyWay.
func mayUnlink(linked []string, provider string, w ways) error {
	if !slices.Contains(linked, provider) {
		return fault.ErrNotFound
	}
	another := slices.ContainsFunc(linked, func(name string) bool { return name != provider && slices.Contains(w.configured, name) })
	if !another && !w.password && !w.passkey {
		return ErrOnlyWay
	}
	return nil
}
