package account

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
)

// Actor is whoever makes a request, as the database knew her when it began.
type Actor struct {
	ID        uuid.UUID
	SessionID uuid.UUID
	Verified  bool      // her e-mail is confirmed
	Roles     []Role    // that she holds everywhere
	Scoped    []Scoped  // that she holds in one place only
	Factors   []string  // kinds of second factor she has
	ProvedAt  time.Time // when this session last proved who she is; zero: not since more was asked of her
	ByFactor  bool      // that proof was by a second factor, or by what stands for two
	ExpiresAt time.Time // of the access token: a stream must end by then

	generation int64 // of the session, that the access token came with
}

// Freshness is how long a proof of who she is stands for acts that ask for a
// fresh one.
const Freshness = 10 * time.Minute

// Owes reports whether her session waits for a second factor and may do
// nothing else: because she has one, or because she holds a role, which asks
// for one.
func (a Actor) Owes() bool {
	return len(a.Factors) > 0 && a.ProvedAt.IsZero() || a.Staff() && !a.ByFactor
}

// Owed is what a session that owes is told: to prove her second factor, or to
// get one first.
func (a Actor) Owed() error {
	if len(a.Factors) == 0 {
		return ErrEnrolmentOwed.By(ByTOTP, ByPasskey)
	}
	return ErrFactorOwed.By(a.Factors...)
}

// Fresh reports whether she has proved who she is within Freshness.
func (a Actor) Fresh(now time.Time) bool {
	return !a.ProvedAt.IsZero() && now.Sub(a.ProvedAt) <= Freshness
}

// Proofs are what she can prove herself with: her second factors, or else her
// password or a provider that she has linked; who holds a role thanks to the
// second factor of a provider, that one.
func (a Actor) Proofs() []string {
	switch {
	case len(a.Factors) > 0:
		return a.Factors
	case a.Staff() && a.ByFactor:
		return []string{ByOIDC}
	}
	return []string{ByPassword, ByOIDC}
}

// Has reports whether she holds a role everywhere. One for a single cohort or
// space opens nothing but that, inside the SQL of the domain it belongs to.
func (a Actor) Has(r Role) bool { return slices.Contains(a.Roles, r) }

// Staff reports whether she holds any role, be it for one place only.
func (a Actor) Staff() bool { return len(a.Roles)+len(a.Scoped) > 0 }

type actorKey struct{}

// WithActor returns a context in which a is the one who acts.
func WithActor(ctx context.Context, a Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}

// ActorFrom gives who acts; false when nobody is signed in.
func ActorFrom(ctx context.Context) (Actor, bool) {
	a, ok := ctx.Value(actorKey{}).(Actor)
	return a, ok
}
