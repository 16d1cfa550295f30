package forum

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
)

// SpaceView is a space as one person sees it.
type SpaceView struct {
	ID             uuid.UUID
	Kind           Kind
	Title          string
	CohortID       uuid.UUID // uuid.Nil unless it is a cohort's
	TopicsCount    int64
	LastActivityAt *time.Time
	May            May
	Since          time.Time // what last moved before is not unread for her
}

// Scope is everything one person may see now. Without it no shared content
// can be read. The zero Scope sees nothing.
type Scope struct {
	viewer uuid.UUID
	spaces map[uuid.UUID]SpaceView
	order  []uuid.UUID
	until  time.Time
}

// scope resolves what she may see, in one statement.
func (f *Forum) scope(ctx context.Context, who account.Actor) (Scope, error) {
	now := f.clock.Now()
	rows, err := f.seen(ctx, who.ID, now)
	if err != nil {
		return Scope{}, err
	}
	s := Scope{viewer: who.ID, spaces: make(map[uuid.UUID]SpaceView, len(rows))}
	for _, r := range rows {
		m := may(r.facts(), now)
		if !m.Read {
			continue
		}
		s.order = append(s.order, r.ID)
		s.spaces[r.ID] = SpaceView{
			ID: r.ID, Kind: r.Kind, Title: r.Title, CohortID: r.CohortID, TopicsCount: r.TopicsCount,
			LastActivityAt: r.LastActivityAt, May: m, Since: r.Since,
		}
		if r.Until != nil && r.Until.After(now) {
			s.until = *r.Until
		}
	}
	return s, nil
}

// space gives a space she sees. Fault: fault.ErrNotFound.
func (s Scope) space(id uuid.UUID) (SpaceView, error) {
	v, ok := s.spaces[id]
	if !ok {
		return SpaceView{}, fault.ErrNotFound
	}
	return v, nil
}

func (s Scope) visible() []uuid.UUID { return s.order }

func (s Scope) where(allowed func(May) bool) []uuid.UUID {
	var ids []uuid.UUID
	for _, id := range s.order {
		if allowed(s.spaces[id].May) {
			ids = append(ids, id)
		}
	}
	return ids
}

// Spaces lists what she sees: community-wide, then cohorts, then staff. One
// statement. Nobody's list is an error: without access it is empty.
func (f *Forum) Spaces(ctx context.Context, who account.Actor) ([]SpaceView, error) {
	s, err := f.scope(ctx, who)
	if err != nil {
		return nil, err
	}
	all := make([]SpaceView, len(s.order))
	for n, id := range s.order {
		all[n] = s.spaces[id]
	}
	return all, nil
}

// Visible gives the spaces she sees and until when that surely holds; the zero
// time when no end is known. For live streams.
func (f *Forum) Visible(ctx context.Context, who account.Actor) (map[uuid.UUID]struct{}, time.Time, error) {
	s, err := f.scope(ctx, who)
	if err != nil {
		return nil, time.Time{}, err
	}
	ids := make(map[uuid.UUID]struct{}, len(s.order))
	for _, id := range s.order {
		ids[id] = struct{}{}
	}
	return ids, s.until, nil
}
