package sponsor

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// Sponsorship is seats that an organisation pays for.
type Sponsorship struct {
	ID           uuid.UUID
	Organisation string
	Seats        int64
	Used         int64
	Note         string // among those who run the community
	EndsAt       *time.Time
	EndedAt      *time.Time
	CreatedAt    time.Time
}

// Terms are what an administrator sets.
type Terms struct {
	Organisation string // fixed for good
	Seats        int
	Note         string
	EndsAt       time.Time // zero: until somebody ends it
}

func (t Terms) check(now time.Time) error {
	switch {
	case t.Seats < 1 || t.Seats > mostSeats:
		return fault.InvalidField("/seats", "range", "A sponsorship has 1 to 10000 seats.")
	case !t.EndsAt.IsZero() && !t.EndsAt.After(now):
		return fault.InvalidField("/ends_at", "past", "The end is in the past.")
	}
	return nil
}

// Open makes a sponsorship. It is recorded. For admins (the zero Actor is an
// operator). Faults: invalid values.
func (s *Sponsors) Open(ctx context.Context, by account.Actor, t Terms) (Sponsorship, error) {
	now := s.clock.Now()
	made := Sponsorship{
		ID: pg.NewID(), Organisation: strings.TrimSpace(t.Organisation), Seats: int64(t.Seats), Note: strings.TrimSpace(t.Note), CreatedAt: now,
	}
	if !t.EndsAt.IsZero() {
		made.EndsAt = &t.EndsAt
	}
	if made.Organisation == "" {
		return made, fault.InvalidField("/organisation", "required", "Say who it is.")
	}
	if err := t.check(now); err != nil {
		return made, err
	}
	return made, s.db.InTx(ctx, func(ctx context.Context) error {
		if err := s.store.insert(ctx, made); err != nil {
			return err
		}
		return s.record(ctx, by.ID, "sponsorship.open", made.ID, map[string]string{"seats": strconv.FormatInt(made.Seats, 10)})
	})
}

// Change sets seats, note and end anew. It is recorded. For admins. Faults:
// invalid values, fault.ErrNotFound, ErrInUse, ErrEnded.
func (s *Sponsors) Change(ctx context.Context, by account.Actor, id uuid.UUID, t Terms) (changed Sponsorship, err error) {
	if err := t.check(s.clock.Now()); err != nil {
		return changed, err
	}
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		was, found, err := s.store.lock(ctx, id)
		switch {
		case err != nil:
			return err
		case !found:
			return fault.ErrNotFound
		case was.EndedAt != nil:
			return ErrEnded
		case int64(t.Seats) < was.Used:
			return ErrInUse
		}
		changed = was
		changed.Seats, changed.Note, changed.EndsAt = int64(t.Seats), strings.TrimSpace(t.Note), nil
		if !t.EndsAt.IsZero() {
			changed.EndsAt = &t.EndsAt
		}
		if err := s.store.change(ctx, changed); err != nil {
			return err
		}
		return s.record(ctx, by.ID, "sponsorship.change", id, map[string]string{"seats": strconv.Itoa(t.Seats)})
	})
	return changed, err
}

// End ends a sponsorship: nobody takes a seat any more, and who has one keeps it
// for thirty days and is told by mail how she can go on. One that has ended stays
// so. It is recorded. For admins. Fault: fault.ErrNotFound.
func (s *Sponsors) End(ctx context.Context, by account.Actor, id uuid.UUID) (ended Sponsorship, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		var fresh bool
		if ended, fresh, err = s.store.end(ctx, id, s.clock.Now()); err != nil {
			return err
		}
		if fresh {
			if err := s.record(ctx, by.ID, "sponsorship.end", id, nil); err != nil {
				return err
			}
			return s.queue.Enqueue(ctx, windUp{SponsorshipID: id})
		}
		var found bool
		if ended, found, err = s.store.byID(ctx, id); err == nil && !found {
			err = fault.ErrNotFound
		}
		return err
	})
	return ended, err
}

const mostListed = 200

// All gives the newest two hundred. For admins (the edge has asked). One statement.
func (s *Sponsors) All(ctx context.Context) ([]Sponsorship, error) {
	return s.store.all(ctx, mostListed)
}

// AddContact lets a member speak for the organisation. Who does already stays so.
// It is recorded. For admins. Faults: fault.ErrNotFound, ErrEnded.
func (s *Sponsors) AddContact(ctx context.Context, by account.Actor, id, member uuid.UUID) error {
	return s.db.InTx(ctx, func(ctx context.Context) error {
		of, found, err := s.store.lock(ctx, id)
		switch {
		case err != nil:
			return err
		case !found:
			return fault.ErrNotFound
		case of.EndedAt != nil:
			return ErrEnded
		}
		if _, err := s.account.StandingOf(ctx, member); err != nil {
			return err
		}
		fresh, err := s.store.addContact(ctx, id, member, s.clock.Now())
		if err != nil || !fresh {
			return err
		}
		return s.record(ctx, by.ID, "sponsorship.contact", id, map[string]string{"member": member.String()})
	})
}

// RemoveContact takes that away. It is recorded. For admins. Fault:
// fault.ErrNotFound.
func (s *Sponsors) RemoveContact(ctx context.Context, by account.Actor, id, member uuid.UUID) error {
	return s.db.InTx(ctx, func(ctx context.Context) error {
		was, err := s.store.removeContact(ctx, id, member)
		if err == nil && !was {
			err = fault.ErrNotFound
		}
		if err != nil {
			return err
		}
		return s.record(ctx, by.ID, "sponsorship.contact-end", id, map[string]string{"member": member.String()})
	})
}

// Mine gives the sponsorships that a member speaks for: how many seats there are
// and how many are used, and nothing else. One statement.
func (s *Sponsors) Mine(ctx context.Context, who account.Actor) ([]Sponsorship, error) {
	return s.store.ofContact(ctx, who.ID, mostListed)
}
