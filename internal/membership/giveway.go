package membership

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// The kinds of grants.
const (
	Comp        = "comp"        // given by those who run the community, or with an invitation
	Gift        = "gift"        // bought for her by somebody
	Scholarship = "scholarship" // paid from a fund
	Sponsor     = "sponsor"     // a seat that an organisation pays for
	Alumni      = "alumni"      // what stays open to a graduate
)

// Why a grant ended early.
const (
	Ended    = "ended"
	ToPaying = "paying" // she began to pay
)

// givesWay tells the kinds that end when she begins to pay: what nobody needs
// any more is free for somebody else. A gift was bought for her, and stays hers.
func givesWay(kind string) bool {
	return map[string]bool{Comp: true, Scholarship: true, Sponsor: true}[kind]
}

// OnGrantEnd says what becomes of what was kept for a grant of a kind when it
// ends early. It runs once for each, in that transaction and with the member
// locked; what it refuses does not happen. It is called before anything runs.
func (m *Membership) OnGrantEnd(kind string, do func(context.Context, Grant) error) {
	m.ended[kind] = do
}

// endGrant ends a grant of a locked member now, unless it is over.
func (m *Membership) endGrant(ctx context.Context, g Grant, because string) error {
	g, ended, err := m.store.revokeGrant(ctx, g.ID, because, m.clock.Now())
	if err != nil || !ended || m.ended[g.Kind] == nil {
		return err
	}
	if err := m.ended[g.Kind](ctx, g); err != nil {
		return fmt.Errorf("end a grant of kind %s: %w", g.Kind, err)
	}
	return nil
}

// giveWay ends what gives way to paying. Her row is locked.
func (m *Membership) giveWay(ctx context.Context, userID uuid.UUID) error {
	grants, err := m.store.runningGrants(ctx, userID, m.clock.Now())
	if err != nil {
		return err
	}
	for _, g := range grants {
		if !givesWay(g.Kind) {
			continue
		}
		if err := m.endGrant(ctx, g, ToPaying); err != nil {
			return err
		}
	}
	return nil
}

// Graduate leaves the community open to a member for reading, without an end:
// she has what she came for. Who has graduated already has it with fresh false.
// When her subscription ends then, the ledger says that she graduated.
func (m *Membership) Graduate(ctx context.Context, userID uuid.UUID, by *uuid.UUID, reason string) (g Grant, fresh bool, err error) {
	err = m.locked(ctx, userID, func(ctx context.Context) error {
		grants, err := m.store.runningGrants(ctx, userID, m.clock.Now())
		if err != nil {
			return err
		}
		for _, g = range grants {
			if g.Kind == Alumni {
				return nil
			}
		}
		fresh = true
		now := m.clock.Now()
		g = Grant{ID: pg.NewID(), UserID: userID, Kind: Alumni, Level: ReadOnly, StartsAt: now, Reason: reason, GrantedBy: by, CreatedAt: now}
		return m.store.insertGrant(ctx, g)
	})
	return g, fresh, err
}

// Grants gives everything a member was ever given, the latest first.
func (m *Membership) Grants(ctx context.Context, userID uuid.UUID) ([]Grant, error) {
	return m.store.grants(ctx, userID)
}

// GrantByID finds a grant; false when there is none.
func (m *Membership) GrantByID(ctx context.Context, id uuid.UUID) (Grant, bool, error) {
	return m.store.grant(ctx, id)
}

// ClaimEnding gives up to limit running grants of longer than twice within that
// end within it, each of them once: whoever asks has promised to tell her. In
// the transaction of that promise.
func (m *Membership) ClaimEnding(ctx context.Context, within time.Duration, limit int) ([]Grant, error) {
	return m.store.claimEnding(ctx, m.clock.Now(), within, limit)
}
