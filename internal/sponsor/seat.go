package sponsor

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// Invitation is one way to a seat. Whether it was used is not shown.
type Invitation struct {
	ID            uuid.UUID
	SponsorshipID uuid.UUID
	Email         *string // nil: whoever has the link
	EmailKey      *string
	CreatedAt     time.Time
	ExpiresAt     time.Time
	MailedAt      *time.Time
	UsedAt        *time.Time
}

// TableName says where gorm finds it.
func (Invitation) TableName() string { return "sponsor_invitations" }

// Seat is a member on a seat.
type Seat struct {
	ID            uuid.UUID
	SponsorshipID uuid.UUID
	UserID        uuid.UUID
	GrantID       uuid.UUID
	TakenAt       time.Time
	ReleasedAt    *time.Time
	ToldAt        *time.Time // that the sponsorship has ended
}

// TableName says where gorm finds it.
func (Seat) TableName() string { return "sponsor_seats" }

// Invite makes an invitation to a seat: with an address a letter goes there, and
// only its reader can take the seat; without, it gives a link for whoever has it.
// Known and unknown addresses are treated alike. It works once, for thirty days.
// For who speaks for the sponsorship, and for admins. Faults: fault.ErrNotFound,
// ErrEnded, invalid values.
func (s *Sponsors) Invite(ctx context.Context, who account.Actor, id uuid.UUID, email string) (i Invitation, link string, err error) {
	now := s.clock.Now()
	i = Invitation{ID: pg.NewID(), SponsorshipID: id, CreatedAt: now, ExpiresAt: now.Add(goodFor)}
	if email != "" {
		key, err := account.EmailKey(email)
		if err != nil {
			return i, "", fault.InvalidField("/email", "format", "This is no e-mail address.")
		}
		i.Email, i.EmailKey = &email, &key
	}
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		of, found, err := s.store.visible(ctx, id, who.ID, who.Has(account.Admin))
		switch {
		case err != nil:
			return err
		case !found:
			return fault.ErrNotFound
		case of.EndedAt != nil:
			return ErrEnded
		}
		if err := s.store.insertInvitation(ctx, i); err != nil {
			return err
		}
		if err := s.record(ctx, who.ID, "sponsorship.invite", id, map[string]string{"invitation": i.ID.String()}); err != nil || i.Email == nil {
			return err
		}
		return s.queue.Enqueue(ctx, invitationMail{InvitationID: i.ID})
	})
	if i.Email == nil {
		link = s.link(i.ID)
	}
	return i, link, err
}

// Look says whose seat an invitation leads to. It changes nothing. Fault: ErrOver.
func (s *Sponsors) Look(ctx context.Context, token string) (organisation string, expires time.Time, err error) {
	i, found, err := s.store.usable(ctx, s.open(token), s.clock.Now())
	if err != nil {
		return "", time.Time{}, err
	}
	if !found {
		return "", time.Time{}, ErrOver
	}
	of, found, err := s.store.byID(ctx, i.SponsorshipID)
	if err == nil && (!found || of.EndedAt != nil) {
		err = ErrOver
	}
	return of.Organisation, i.ExpiresAt, err
}

// Accept takes a seat, once, all or nothing: everything is open to her until the
// sponsorship ends. It is recorded by her name alone. Faults: ErrOver, also when it
// is for another address; ErrFull, ErrSeated and membership.ErrPaysHerself, after
// which the invitation is as it was.
func (s *Sponsors) Accept(ctx context.Context, who account.Actor, token string) (given membership.Grant, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		now := s.clock.Now()
		i, ok, err := s.store.use(ctx, s.open(token), who.ID, now)
		if err != nil {
			return err
		}
		if !ok {
			return ErrOver
		}
		given, err = s.membership.GrantSeat(ctx, membership.Grant{
			UserID: who.ID, Kind: membership.Sponsor, Level: membership.Full, Reason: "sponsorship " + i.SponsorshipID.String(),
		})
		if err != nil {
			return err
		}
		if err := s.take(ctx, i, given, now); err != nil {
			return err
		}
		return s.record(ctx, who.ID, "sponsorship.accept", i.SponsorshipID, nil)
	})
	return given, err
}

// take counts a seat. The member is locked, so that she takes one at a time.
func (s *Sponsors) take(ctx context.Context, i Invitation, given membership.Grant, now time.Time) error {
	ended, ok, err := s.store.take(ctx, i.SponsorshipID, now)
	switch {
	case err != nil:
		return err
	case !ok && ended:
		return ErrOver
	case !ok:
		return ErrFull
	}
	fresh, err := s.store.insertSeat(ctx, Seat{
		ID: pg.NewID(), SponsorshipID: i.SponsorshipID, UserID: given.UserID, GrantID: given.ID, TakenAt: now,
	})
	if err == nil && !fresh {
		err = ErrSeated
	}
	return err
}

// Leave gives her seat back, at once. It is recorded. Fault: fault.ErrNotFound
// when she has none.
func (s *Sponsors) Leave(ctx context.Context, who account.Actor) error {
	seat, found, err := s.store.seatOf(ctx, who.ID)
	if err == nil && !found {
		err = fault.ErrNotFound
	}
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context) error {
		if err := s.membership.RevokeGrant(ctx, seat.GrantID); err != nil {
			return err
		}
		return s.record(ctx, who.ID, "sponsorship.leave", seat.SponsorshipID, nil)
	})
}

// release makes the seat of a grant that ends early free again. The member is
// locked.
func (s *Sponsors) release(ctx context.Context, g membership.Grant) error {
	seat, was, err := s.store.releaseSeat(ctx, g.ID, *g.RevokedAt)
	if err != nil || !was {
		return err
	}
	return s.store.giveBack(ctx, seat.SponsorshipID)
}
