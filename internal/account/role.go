package account

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// Role is what somebody may do beyond being a member.
type Role string

// The roles.
const (
	Coach     Role = "coach"
	Moderator Role = "moderator"
	Admin     Role = "admin"
)

// Scope is where a role counts: in one cohort, in one space, or, as the zero
// Scope, everywhere.
type Scope struct{ CohortID, SpaceID uuid.UUID }

// Scoped is a role in one place only.
type Scoped struct {
	Role Role
	Scope
}

// Grant is a role somebody holds.
type Grant struct {
	ID        uuid.UUID
	UserID    uuid.UUID
	Role      Role
	Scope     Scope
	GrantedBy uuid.UUID // uuid.Nil: the system
	GrantedAt time.Time
	EndsAt    *time.Time // nil: it has no end
}

// NewGrant is a role to give. Without an id it is given everywhere; a limit
// that names nothing is a fault, never no limit.
type NewGrant struct {
	Role              Role
	CohortID, SpaceID *uuid.UUID
	EndsAt            *time.Time // nil: it has no end
}

func (n NewGrant) scope() (s Scope) {
	if n.CohortID != nil {
		s.CohortID = *n.CohortID
	}
	if n.SpaceID != nil {
		s.SpaceID = *n.SpaceID
	}
	return s
}

// The faults of roles.
var (
	ErrLastAdmin = &fault.Error{Kind: fault.Conflict, Code: "last-admin", Detail: "Somebody must remain an administrator, everywhere and without an end. Make somebody else one first."}
	// ErrRolesFull: nobody leads in so many places.
	ErrRolesFull = &fault.Error{Kind: fault.Conflict, Code: "roles-full", Detail: "She has fifty roles, which is as many as one person can hold. Take one that she does not need."}
	// errNoCohort and errNoSpace: the place is not there.
	errNoCohort = fault.InvalidField("/cohort_id", "cohort-unknown", "There is no such cohort.")
	errNoSpace  = fault.InvalidField("/space_id", "space-unknown", "There is no such space.")
)

// RolesOf lists what somebody holds now, the earliest grant first. One
// statement. Fault: fault.ErrNotFound.
func (a *Account) RolesOf(ctx context.Context, userID uuid.UUID) ([]Grant, error) {
	return a.rolesOf(ctx, userID, a.clock.Now())
}

// GrantRole gives a role; actor is the admin who does, the zero Actor the
// operator. The same role in the same place is one grant: giving it again
// changes its end, and nothing is fresh when that is the same too. She is told
// by mail and her streams look again. Faults: invalid values, fault.ErrNotFound
// for who may not sign in, ErrCommunityClosed, ErrRolesFull, ErrLastAdmin when
// an end is set to the last.
func (a *Account) GrantRole(ctx context.Context, actor Actor, userID uuid.UUID, n NewGrant) (g Grant, fresh bool, err error) {
	err = a.db.InTx(ctx, func(ctx context.Context) error {
		if g, fresh, err = a.grant(ctx, actor.ID, userID, n); err != nil || !fresh {
			return err
		}
		return a.queue.Enqueue(ctx, roleMail{ID: pg.NewID(), UserID: userID})
	})
	return g, fresh, err
}

func (a *Account) grant(ctx context.Context, by, userID uuid.UUID, n NewGrant) (g Grant, fresh bool, err error) {
	now := a.clock.Now()
	if err := grantable(n, now); err != nil {
		return Grant{}, false, err
	}
	err = a.db.InTx(ctx, func(ctx context.Context) error {
		before, found, err := a.standingGrant(ctx, userID, n)
		if err != nil {
			return err
		}
		if found && sameEnd(before.EndsAt, n.EndsAt) {
			g = before
			return nil
		}
		if !found {
			if err := a.roomForRole(ctx, userID); err != nil {
				return err
			}
		}
		g, fresh = Grant{
			ID: pg.NewID(), UserID: userID, Role: n.Role, Scope: n.scope(), GrantedBy: by, GrantedAt: now, EndsAt: n.EndsAt,
		}, true
		detail := g.detail()
		if found {
			changed(detail, "ends_at", endText(before.EndsAt), endText(g.EndsAt))
		}
		if err := a.audit(ctx, by, "role.grant", userID, detail); err != nil {
			return err
		}
		if err := a.replaceGrant(ctx, g); err != nil {
			return err
		}
		// A role asks for a second factor, shown after it was given.
		actor, _ := ActorFrom(ctx)
		if err := a.owe(ctx, userID, actor.SessionID); err != nil {
			return err
		}
		return a.outbox.Revoke(ctx, userID) // what she sees has changed
	})
	return g, fresh, err
}

// mostRoles is what one person may hold: they are read with every request.
const mostRoles = 50

// roomForRole counts what somebody holds, who is locked. Fault: ErrRolesFull.
func (a *Account) roomForRole(ctx context.Context, userID uuid.UUID) error {
	held, err := a.rolesOf(ctx, userID, a.clock.Now())
	if err == nil && len(held) >= mostRoles {
		err = ErrRolesFull
	}
	return err
}

// standingGrant locks whoever gets a role and finds the grant of the same role
// in the same place. One that the last admin rests on may not get an end, and
// nobody to whom the community is closed gets a role.
func (a *Account) standingGrant(ctx context.Context, userID uuid.UUID, n NewGrant) (Grant, bool, error) {
	if n.Role == Admin && n.EndsAt != nil {
		if err := a.SpareLastAdmin(ctx, userID); err != nil {
			return Grant{}, false, err
		}
	}
	_, ok, err := a.lockUser(ctx, userID)
	if err != nil {
		return Grant{}, false, err
	}
	if !ok {
		return Grant{}, false, fault.ErrNotFound
	}
	closed, _, err := a.isClosed(ctx, userID)
	if err == nil && closed {
		err = ErrCommunityClosed
	}
	if err != nil {
		return Grant{}, false, err
	}
	return a.sameGrant(ctx, userID, n.Role, n.scope())
}

// TakeRole takes a role away at once: her next request is refused what it
// opened, her streams look again, and she is told by mail. Faults:
// fault.ErrNotFound for a grant that is none of hers or was taken,
// ErrLastAdmin.
func (a *Account) TakeRole(ctx context.Context, actor Actor, userID, grantID uuid.UUID) error {
	return a.db.InTx(ctx, func(ctx context.Context) error {
		if err := a.oneAdminAtATime(ctx); err != nil {
			return err
		}
		g, ok, err := a.oneGrant(ctx, userID, grantID)
		if err != nil {
			return err
		}
		if !ok {
			return fault.ErrNotFound
		}
		if g.Role == Admin && g.EndsAt == nil {
			if err := a.SpareLastAdmin(ctx, userID); err != nil {
				return err
			}
		}
		// Recorded first: she may be taking her own, and acts with it.
		if err := a.audit(ctx, actor.ID, "role.take", userID, g.detail()); err != nil {
			return err
		}
		if err := a.deleteGrant(ctx, g.ID); err != nil {
			return err
		}
		if err := a.queue.Enqueue(ctx, roleMail{ID: pg.NewID(), UserID: userID}); err != nil {
			return err
		}
		return a.outbox.Revoke(ctx, userID)
	})
}

// SpareLastAdmin refuses, with ErrLastAdmin, to lose the last active
// administrator whose role has neither limit nor end. Ask it first in every
// transaction in which somebody may stop being one (her role, her suspension,
// her erasure): such transactions take turns from here to their end.
func (a *Account) SpareLastAdmin(ctx context.Context, userID uuid.UUID) error {
	if err := a.oneAdminAtATime(ctx); err != nil {
		return err
	}
	is, others, err := a.lastingAdmins(ctx, userID)
	if err == nil && is && !others {
		return ErrLastAdmin
	}
	return err
}

// Find gives the id behind an address, for operators; also of somebody who
// may not sign in. Fault: fault.ErrNotFound.
func (a *Account) Find(ctx context.Context, email string) (uuid.UUID, error) {
	key, err := emailKey(email)
	if err != nil {
		return uuid.Nil, err
	}
	found, err := a.credentials(ctx, key)
	if err == nil && found.ID == uuid.Nil {
		err = fault.ErrNotFound
	}
	return found.ID, err
}

// Promote gives a role everywhere and without an end to the account of an
// address; having it already is no error. Faults: those of GrantRole.
func (a *Account) Promote(ctx context.Context, email string, role Role) error {
	id, err := a.Find(ctx, email)
	if err != nil {
		return err
	}
	actor, _ := ActorFrom(ctx)
	_, _, err = a.GrantRole(ctx, actor, id, NewGrant{Role: role})
	return err
}

// detail is a grant as the audit log keeps it.
func (g Grant) detail() map[string]string {
	d := map[string]string{"role": string(g.Role)}
	for name, id := range map[string]uuid.UUID{"cohort_id": g.Scope.CohortID, "space_id": g.Scope.SpaceID} {
		if id != uuid.Nil {
			d[name] = id.String()
		}
	}
	if g.EndsAt != nil {
		d["ends_at"] = endText(g.EndsAt)
	}
	return d
}

func endText(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func sameEnd(a, b *time.Time) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(*b)
}
