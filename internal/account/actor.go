package account

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
)

// Role is what somebody may do beyond being a member.
type Role string

// The roles.
const (
	Coach     Role = "coach"
	Moderator Role = "moderator"
	Admin     Role = "admin"
)

// Actor is whoever makes a request, as the database knew her when it began.
type Actor struct {
	ID        uuid.UUID
	SessionID uuid.UUID
	Verified  bool // her e-mail is confirmed
	Roles     []Role
	ExpiresAt time.Time // of the access token: a stream must end by then
}

// Has reports whether she holds a role.
func (a Actor) Has(r Role) bool { return slices.Contains(a.Roles, r) }

// Staff reports whether she holds any role.
func (a Actor) Staff() bool { return len(a.Roles) > 0 }

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
