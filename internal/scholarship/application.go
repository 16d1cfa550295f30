package scholarship

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// State is where an application stands.
type State string

// The states of an application. One that waits can still get its answer.
const (
	Asked       State = "open"
	Waitlisted  State = "waitlisted"
	Awarded     State = "awarded"
	NotThisTime State = "not_this_time"
	Withdrawn   State = "withdrawn"
)

// leadsTo says which answers an application can still get.
func leadsTo(s State) []State {
	return map[State][]State{
		Asked:      {Waitlisted, Awarded, NotThisTime, Withdrawn},
		Waitlisted: {Awarded, NotThisTime, Withdrawn},
	}[s]
}

// reachedFrom says from where a state is reached.
func reachedFrom(to State) (from []State) {
	for _, s := range []State{Asked, Waitlisted} {
		for _, next := range leadsTo(s) {
			if next == to {
				from = append(from, s)
			}
		}
	}
	return from
}

// Application is that a member asks for months. Her words are read by her and by
// who decides.
type Application struct {
	ID        uuid.UUID
	UserID    uuid.UUID
	Months    int64
	Situation string
	Hope      string
	State     State
	CreatedAt time.Time
	DecidedAt *time.Time
	DecidedBy *uuid.UUID
	Told      string // to her
	Note      string // among those who decide
}

// TableName says where gorm finds it.
func (Application) TableName() string { return "scholarship_applications" }

// Ask is what she tells.
type Ask struct {
	Months          int
	Situation, Hope string
}

// Apply asks for a scholarship, one at a time. She gets a letter that it is here.
// Faults: invalid values, ErrApplied.
func (s *Scholarship) Apply(ctx context.Context, who account.Actor, ask Ask) (Application, error) {
	a := Application{
		ID: pg.NewID(), UserID: who.ID, Months: int64(ask.Months), Situation: strings.TrimSpace(ask.Situation), Hope: strings.TrimSpace(ask.Hope),
		State: Asked, CreatedAt: s.clock.Now(),
	}
	switch {
	case ask.Months < 1 || ask.Months > mostMonths:
		return a, fault.InvalidField("/months", "range", "A scholarship is of 1 to 24 months.")
	case a.Situation == "":
		return a, fault.InvalidField("/situation", "required", "A sentence is enough.")
	}
	return a, s.db.InTx(ctx, func(ctx context.Context) error {
		fresh, err := s.store.insertApplication(ctx, a)
		if err == nil && !fresh {
			err = ErrApplied
		}
		if err != nil {
			return err
		}
		return s.queue.Enqueue(ctx, appliedMail{ApplicationID: a.ID})
	})
}

// Of gives the applications of a member, the latest first. One statement.
func (s *Scholarship) Of(ctx context.Context, who account.Actor) ([]Application, error) {
	return s.store.applicationsOf(ctx, who.ID, largestPage)
}

// TakeBack ends an application of hers that has no answer. Faults:
// fault.ErrNotFound, ErrDecided.
func (s *Scholarship) TakeBack(ctx context.Context, who account.Actor, id uuid.UUID) error {
	a, found, err := s.store.application(ctx, id)
	if err == nil && (!found || a.UserID != who.ID) {
		err = fault.ErrNotFound
	}
	if err != nil || a.State == Withdrawn {
		return err
	}
	done, err := s.store.answer(ctx, Application{ID: id, State: Withdrawn, DecidedAt: new(s.clock.Now())})
	if err == nil && !done {
		err = ErrDecided
	}
	return err
}

// Position is where a page of applications ended. The zero one is the start.
type Position struct {
	CreatedAt time.Time `json:"c"`
	ID        uuid.UUID `json:"i"`
}

// Applications lists those in a state ("": without an answer), who has waited
// longest first, without what they tell. For admins (the edge has asked). One statement.
func (s *Scholarship) Applications(ctx context.Context, state State, after Position, limit int) (page []Application, more bool, err error) {
	if limit <= 0 || limit > largestPage {
		limit = largestPage
	}
	if state == "" {
		state = Asked
	}
	page, err = s.store.applications(ctx, state, after, limit+1)
	for i := range page {
		page[i].Situation, page[i].Hope, page[i].Told, page[i].Note = "", "", "", ""
	}
	if len(page) > limit {
		return page[:limit], true, err
	}
	return page, false, err
}

// Read gives an application with what it tells, to who decides. Each look is
// recorded, and she finds it in her audit log. For admins. Fault:
// fault.ErrNotFound.
func (s *Scholarship) Read(ctx context.Context, by account.Actor, id uuid.UUID) (a Application, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		var found bool
		if a, found, err = s.store.application(ctx, id); err == nil && !found {
			err = fault.ErrNotFound
		}
		if err != nil {
			return err
		}
		return s.record(ctx, by, "application.read", "application", id, a.UserID, nil)
	})
	return a, err
}
