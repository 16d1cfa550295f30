package membership

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/outbox"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// Line is a subscription as its owner sees it.
type Line struct {
	Subscription
	PlanSlug string // empty when the price is not one of ours
	PriceKey string
	// What follows the running period, when a change is planned.
	NextPlanSlug string
	NextPriceKey string
}

// Overview is a member's own view of her membership.
type Overview struct {
	Access        Access
	Subscriptions []Line  // the newest first
	Grants        []Grant // what she has without paying, or is going to
}

// Of gives a member's access and what it rests on.
func (m *Membership) Of(ctx context.Context, userID uuid.UUID) (Overview, error) {
	access, err := m.Access(ctx, userID)
	if err != nil {
		return Overview{}, err
	}
	lines, err := m.store.lines(ctx, userID)
	if err != nil {
		return Overview{}, err
	}
	grants, err := m.store.runningGrants(ctx, userID, m.clock.Now())
	return Overview{access, lines, grants}, err
}

// Access gives what is open to a member now. It is one statement, unless the
// time until which the kept answer holds has just passed: then the answer is
// worked out anew.
func (m *Membership) Access(ctx context.Context, userID uuid.UUID) (Access, error) {
	kept, err := m.store.access(ctx, userID)
	if pg.Missing(err) {
		return Access{Level: NoAccess, Reason: ByNothing}, nil
	}
	if err != nil {
		return Access{}, err
	}
	now := m.clock.Now()
	if before(now, kept.Until) {
		return kept.access(), nil
	}
	all, err := m.store.holdings(ctx, userID)
	if err != nil {
		return Access{}, err
	}
	return AccessAt(now, all.subs, all.grants, all.bans), nil
}

// Recompute works out a member's access anew and keeps it.
func (m *Membership) Recompute(ctx context.Context, userID uuid.UUID) error {
	return m.locked(ctx, userID, func(context.Context) error { return nil })
}

// locked runs change with the member locked, then brings her access up to
// date, all in one transaction.
func (m *Membership) locked(ctx context.Context, userID uuid.UUID, change func(context.Context) error) error {
	return m.db.InTx(ctx, func(ctx context.Context) error {
		if err := m.store.lockMember(ctx, userID); err != nil {
			return err
		}
		if err := change(ctx); err != nil {
			return err
		}
		return m.recompute(ctx, userID, false)
	})
}

// recompute keeps the answer of AccessAt and tells the member's streams when
// it is another one, or when told that something else has changed. Her row is
// locked.
func (m *Membership) recompute(ctx context.Context, userID uuid.UUID, tell bool) error {
	all, err := m.store.holdings(ctx, userID)
	if err != nil {
		return err
	}
	kept, err := m.store.access(ctx, userID)
	if err != nil && !pg.Missing(err) {
		return err
	}
	old := Access{Level: NoAccess, Reason: ByNothing}
	if err == nil {
		old = kept.access()
	}
	now := m.clock.Now()
	for _, s := range all.subs {
		if err := m.cross(ctx, s, now); err != nil {
			return err
		}
	}
	fresh := all.soon(now)
	if !fresh.same(old) {
		tell = true
		if err := m.store.upsertAccess(ctx, keptAccess(userID, fresh, now)); err != nil {
			return err
		}
	}
	// Staff have no level that could fall: for them, too, a ban closes everything.
	closes := fresh.Level.Below(old.Level) || (fresh.Reason == ByBan && old.Reason != ByBan)
	return m.tell(ctx, userID, tell, closes)
}

func (m *Membership) tell(ctx context.Context, userID uuid.UUID, changed, closes bool) error {
	if !changed {
		return nil
	}
	if err := m.outbox.Publish(ctx, outbox.Event{Type: "membership.changed", UserID: userID, At: m.clock.Now()}); err != nil {
		return fmt.Errorf("tell that a membership changed: %w", err)
	}
	if !closes {
		return nil
	}
	return m.outbox.Revoke(ctx, userID)
}

func (a Access) same(o Access) bool {
	return a.Level == o.Level && a.Reason == o.Reason && a.Notice == o.Notice && a.PayURL == o.PayURL && sameTime(a.Until, o.Until)
}

// memberAccess is the kept answer.
type memberAccess struct {
	UserID    uuid.UUID
	Level     Level
	Reason    Reason
	Until     *time.Time
	Notice    Notice
	PayURL    string
	UpdatedAt time.Time
}

// TableName is singular: one row a member.
func (memberAccess) TableName() string { return "member_access" }

func keptAccess(userID uuid.UUID, a Access, now time.Time) memberAccess {
	return memberAccess{userID, a.Level, a.Reason, a.Until, a.Notice, a.PayURL, now}
}

func (k memberAccess) access() Access {
	return Access{Level: k.Level, Reason: k.Reason, Until: k.Until, Notice: k.Notice, PayURL: k.PayURL}
}
