package sponsor

import (
	"context"
	"embed"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/job"
	"github.com/womens-tech-conservatory/conservatory/internal/mail"
)

// invitationMail brings an invitation to the address it is for.
type invitationMail struct {
	InvitationID uuid.UUID `json:"invitation_id"`
}

// Kind names the job.
func (invitationMail) Kind() string { return "sponsor.invitation-mail" }

// InsertOpts puts it among the mails.
func (invitationMail) InsertOpts() job.Options { return job.Options{Queue: job.QueueMail} }

// endMail tells a member that her sponsorship has ended, and how she can go on.
type endMail struct {
	SeatID uuid.UUID `json:"seat_id"`
}

// Kind names the job.
func (endMail) Kind() string { return "sponsor.end-mail" }

// InsertOpts puts it among the mails.
func (endMail) InsertOpts() job.Options { return job.Options{Queue: job.QueueMail} }

// windUp gives every seat of an ended sponsorship its last thirty days.
type windUp struct {
	SponsorshipID uuid.UUID `json:"sponsorship_id"`
}

// Kind names the job.
func (windUp) Kind() string { return "sponsor.wind-up" }

// tidy ends what is over, and frees seats that nobody needs.
type tidy struct{}

// Kind names the job.
func (tidy) Kind() string { return "sponsor.tidy" }

const atOnce = 500

func (s *Sponsors) work(q *job.Queue) {
	job.On(q, s.sendInvitation)
	job.On(q, s.sendEnd)
	job.On(q, s.windUp)
	job.On(q, func(ctx context.Context, _ tidy) error { return s.tidy(ctx) })
	q.Every(time.Hour, tidy{})
}

// windUp may be done again: who was told is not told twice. One member at a time:
// she is locked before the sponsorship everywhere else.
func (s *Sponsors) windUp(ctx context.Context, args windUp) error {
	for {
		seats, err := s.store.untold(ctx, args.SponsorshipID, atOnce)
		if err != nil || len(seats) == 0 {
			return err
		}
		end := s.clock.Now().Add(stays)
		for _, seat := range seats {
			err := s.db.InTx(ctx, func(ctx context.Context) error {
				if err := s.membership.SetGrantEnd(ctx, seat.GrantID, &end); err != nil {
					return err
				}
				if err := s.store.told(ctx, seat.ID, s.clock.Now()); err != nil {
					return err
				}
				return s.queue.Enqueue(ctx, endMail{SeatID: seat.ID})
			})
			if err != nil {
				return err
			}
		}
	}
}

func (s *Sponsors) tidy(ctx context.Context) error {
	now := s.clock.Now()
	over, err := s.store.over(ctx, now, atOnce)
	if err != nil {
		return err
	}
	var failed []error
	for _, of := range over {
		_, err := s.End(ctx, account.Actor{}, of.ID)
		failed = append(failed, err)
	}
	gone, err := s.store.left(ctx, atOnce)
	failed = append(failed, err)
	for _, seat := range gone {
		failed = append(failed, s.membership.RevokeGrant(ctx, seat.GrantID))
	}
	failed = append(failed, s.store.faded(ctx, now), s.store.pruneInvitations(ctx, now.Add(-goodFor)))
	return errors.Join(failed...)
}

//go:embed letters/*.txt
var letterFiles embed.FS

type letters struct{ invitation, end *mail.Template }

func (l *letters) read() error {
	return mail.ReadTemplates(letterFiles, map[string]**mail.Template{"invitation": &l.invitation, "end": &l.end})
}

const letterDay = "2 January 2006"

type letterData struct{ Name, Organisation, Link, Until string }

func (s *Sponsors) sendInvitation(ctx context.Context, args invitationMail) error {
	i, ok, err := s.store.claimLetter(ctx, args.InvitationID, s.clock.Now())
	if err != nil || !ok {
		return err
	}
	of, _, err := s.store.byID(ctx, i.SponsorshipID)
	if err != nil {
		return err
	}
	return s.send(ctx, s.letters.invitation, *i.Email, "seat-"+i.ID.String(), letterData{
		Organisation: of.Organisation, Link: s.link(i.ID), Until: i.ExpiresAt.UTC().Format(letterDay),
	})
}

// sendEnd writes while the seat is hers: who pays herself by now needs no offer.
func (s *Sponsors) sendEnd(ctx context.Context, args endMail) error {
	seat, found, err := s.store.seat(ctx, args.SeatID)
	if err != nil || !found || seat.ReleasedAt != nil {
		return err
	}
	given, found, err := s.membership.GrantByID(ctx, seat.GrantID)
	if err != nil || !found || given.EndsAt == nil || given.RevokedAt != nil {
		return err
	}
	of, _, err := s.store.byID(ctx, seat.SponsorshipID)
	if err != nil {
		return err
	}
	her, err := s.account.Me(ctx, account.Actor{ID: seat.UserID})
	if errors.Is(err, account.ErrUnauthenticated) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.send(ctx, s.letters.end, her.Email, "seat-end-"+seat.ID.String(), letterData{
		Name: her.DisplayName, Organisation: of.Organisation, Link: s.frontend + "/membership", Until: given.EndsAt.UTC().Format(letterDay),
	})
}

// send gives up on a letter that can never arrive and leaves the others to
// the next try.
func (s *Sponsors) send(ctx context.Context, t *mail.Template, to, key string, data letterData) error {
	letter, err := t.Letter(to, key, data)
	if err != nil {
		return err
	}
	if err = s.mailer.Send(ctx, letter); mail.Permanent(err) {
		return job.Cancel(err)
	}
	return err
}

// Previews shows every letter of this domain, filled in with invented values.
func (s *Sponsors) Previews() ([]mail.Preview, error) {
	return mail.Previews(map[string]*mail.Template{"sponsor/invitation": s.letters.invitation, "sponsor/end": s.letters.end}, letterData{
		Name: "Maria", Organisation: "Harbour Logistics", Link: s.frontend + "/seat#token=example", Until: "24 December 2026",
	})
}
