package account

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
)

// Device is a session as its owner is shown it.
type Device struct {
	ID         uuid.UUID
	Device     string // "" when its browser did not say
	Network    string
	Way        string // how she signed in
	CreatedAt  time.Time
	LastSeenAt time.Time // to about five minutes
}

// Devices lists her live sessions, the latest seen first; twenty at most.
func (a *Account) Devices(ctx context.Context, actor Actor) ([]Device, error) {
	return a.devices(ctx, actor.ID, a.clock.Now())
}

// EndDevice ends one of her sessions, which may be the one she uses. Ending it
// twice is ErrNotFound, as is one of somebody else.
func (a *Account) EndDevice(ctx context.Context, actor Actor, id uuid.UUID) error {
	return a.db.InTx(ctx, func(ctx context.Context) error {
		now := a.clock.Now()
		hers, err := a.devices(ctx, actor.ID, now)
		if err != nil {
			return err
		}
		for _, d := range hers {
			if d.ID == id {
				return a.endHers(ctx, actor, id)
			}
		}
		return fault.ErrNotFound
	})
}

func (a *Account) endHers(ctx context.Context, actor Actor, id uuid.UUID) error {
	reason := EndedElsewhere
	if id == actor.SessionID {
		reason = EndedByLogout
	}
	owner, err := a.end(ctx, id, reason)
	if err != nil || owner == uuid.Nil {
		return err
	}
	return a.auditEnd(ctx, actor.ID, actor.ID, id, reason)
}

// EndDevices ends all her sessions, with keepCurrent all but the one she uses.
func (a *Account) EndDevices(ctx context.Context, actor Actor, keepCurrent bool) error {
	except := uuid.Nil
	if keepCurrent {
		except = actor.SessionID
	}
	return a.EndSessions(ctx, actor.ID, except, EndedElsewhere)
}

// EndSessions ends every session of a user but one (uuid.Nil: every one) for
// one of the EndedBy reasons and closes her streams, which come back with the
// session that is left.
func (a *Account) EndSessions(ctx context.Context, userID, except uuid.UUID, reason string) error {
	return a.db.InTx(ctx, func(ctx context.Context) error {
		if err := a.revokeSessions(ctx, userID, except, reason, a.clock.Now()); err != nil {
			return err
		}
		actor, _ := ActorFrom(ctx)
		if err := a.audit(ctx, actor.ID, "session.revoke-all", userID, map[string]string{"reason": reason}); err != nil {
			return fmt.Errorf("end sessions: %w", err)
		}
		return a.outbox.Revoke(ctx, userID)
	})
}
