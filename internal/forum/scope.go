package forum

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/outbox"
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
	hidden string // who is not there for her where she does not lead, as an array of PostgreSQL
}

// nobody is the array without an element.
const nobody = "{}"

// whole reports whether she sees all there is in a space: nobody is hidden, or
// she leads it.
func (s Scope) whole(space uuid.UUID) bool { return s.hidden == nobody || s.spaces[space].May.Lead }

// led are the spaces in which nobody is hidden from her.
func (s Scope) led() []uuid.UUID { return s.where(func(m May) bool { return m.Lead }) }

// scope resolves what she may see, in one statement.
func (f *Forum) scope(ctx context.Context, who account.Actor) (Scope, error) {
	now := f.clock.Now()
	rows, err := f.seen(ctx, who.ID, now)
	if err != nil {
		return Scope{}, err
	}
	s := Scope{viewer: who.ID, hidden: nobody, spaces: make(map[uuid.UUID]SpaceView, len(rows))}
	for _, r := range rows {
		m := may(r.facts(), now)
		if !m.Read {
			continue
		}
		s.hidden = r.Hidden
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
// statement, or two where somebody is hidden from her. Nobody's list is an
// error: without access it is empty.
func (f *Forum) Spaces(ctx context.Context, who account.Actor) ([]SpaceView, error) {
	s, err := f.scope(ctx, who)
	if err != nil {
		return nil, err
	}
	if s.hidden != nobody {
		if err := f.recount(ctx, s); err != nil {
			return nil, err
		}
	}
	all := make([]SpaceView, len(s.order))
	for n, id := range s.order {
		all[n] = s.spaces[id]
	}
	return all, nil
}

// Visible gives the spaces she sees and until when that surely holds; the zero
// time when no end is known. Where somebody is hidden from her, each event has
// to pass sift, which is nil otherwise. For live streams.
func (f *Forum) Visible(ctx context.Context, who account.Actor) (
	visible map[uuid.UUID]struct{}, until time.Time, sift func(context.Context, outbox.Event) (outbox.Event, bool, error), err error,
) {
	s, err := f.scope(ctx, who)
	if err != nil {
		return nil, time.Time{}, nil, err
	}
	if s.hidden != nobody {
		sift = func(ctx context.Context, e outbox.Event) (outbox.Event, bool, error) { return f.sift(ctx, s, e) }
	}
	ids := make(map[uuid.UUID]struct{}, len(s.order))
	for _, id := range s.order {
		ids[id] = struct{}{}
	}
	return ids, s.until, sift, nil
}
