package invitation

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/job"
	"github.com/womens-tech-conservatory/conservatory/internal/mail"
)

// invitationMail sends a letter to the address that is invited.
type invitationMail struct {
	LetterID uuid.UUID `json:"letter_id"`
}

// Kind names the job.
func (invitationMail) Kind() string { return "invitation.mail" }

// InsertOpts puts it among the mails.
func (invitationMail) InsertOpts() job.Options { return job.Options{Queue: job.QueueMail} }

// redemption redeems the invitation that a confirmed sign-up came with.
type redemption struct {
	InvitationID uuid.UUID `json:"invitation_id"`
	UserID       uuid.UUID `json:"user_id"`
}

// Kind names the job.
func (redemption) Kind() string { return "invitation.redeem" }

// welcomeMail says to somebody what her yes has opened.
type welcomeMail struct {
	InvitationID uuid.UUID `json:"invitation_id"`
	UserID       uuid.UUID `json:"user_id"`
}

// Kind names the job.
func (welcomeMail) Kind() string { return "invitation.welcome-mail" }

// InsertOpts puts it among the mails.
func (welcomeMail) InsertOpts() job.Options { return job.Options{Queue: job.QueueMail} }

// lateMail says to somebody who has just joined that the invitation she came
// with was over by then.
type lateMail struct {
	InvitationID uuid.UUID `json:"invitation_id"`
	UserID       uuid.UUID `json:"user_id"`
}

// Kind names the job.
func (lateMail) Kind() string { return "invitation.late-mail" }

// InsertOpts puts it among the mails.
func (lateMail) InsertOpts() job.Options { return job.Options{Queue: job.QueueMail} }

// prune forgets invitations, with the addresses in them, thirty days after
// their end.
type prune struct{}

// Kind names the job.
func (prune) Kind() string { return "invitation.prune" }

func (i *Invitation) work(q *job.Queue) {
	job.On(q, i.sendInvitation)
	job.On(q, i.redeemLater)
	job.On(q, i.sendWelcome)
	job.On(q, i.sendLate)
	job.On(q, func(ctx context.Context, _ prune) error { return i.store.prune(ctx, i.clock.Now().Add(-keep)) })
	q.Every(time.Hour, prune{})
}

//go:embed letters/*.txt
var letterFiles embed.FS

type letters struct{ invitation, welcome, late *mail.Template }

func parseLetters() (l letters, err error) {
	for name, into := range map[string]**mail.Template{"invitation": &l.invitation, "welcome": &l.welcome, "late": &l.late} {
		source, err := letterFiles.ReadFile("letters/" + name + ".txt")
		if err != nil {
			return l, fmt.Errorf("read the letter %s: %w", name, err)
		}
		if *into, err = mail.ParseTemplate(string(source)); err != nil {
			return l, fmt.Errorf("read the letter %s: %w", name, err)
		}
	}
	return l, nil
}

// letterDay is how a day stands in a letter.
const letterDay = "2 January 2006"

type letterData struct {
	Name, From, Link, Until, Cohort, Plan string

	Days int64
	Seat bool // it is hers
}

// sendInvitation writes to the address of an invitation, unless that is over
// by now or the address has had enough letters for a day.
func (i *Invitation) sendInvitation(ctx context.Context, args invitationMail) error {
	o, send, err := i.store.claimLetter(ctx, args.LetterID, i.clock.Now())
	if err != nil || !send {
		return err
	}
	data, err := i.letterOf(ctx, o)
	if err != nil {
		return err
	}
	if o.CreatedBy != nil {
		from, err := i.account.Me(ctx, account.Actor{ID: *o.CreatedBy})
		if err != nil && !errors.Is(err, account.ErrUnauthenticated) {
			return err
		}
		data.From = from.DisplayName
	}
	data.Link, data.Until = i.link(o.ID), o.ExpiresAt.UTC().Format(letterDay)
	return i.send(ctx, i.letters.invitation, *o.Email, "invitation-"+args.LetterID.String(), data)
}

// letterOf is what an invitation offers, in words.
func (i *Invitation) letterOf(ctx context.Context, o Offer) (letterData, error) {
	t, err := i.terms(ctx, o)
	d := letterData{Days: t.AccessDays, Plan: t.PlanName}
	if t.Cohort != nil {
		d.Cohort = t.Cohort.Name
	}
	return d, err
}

// redeemLater may be done again: once redeemed is redeemed.
func (i *Invitation) redeemLater(ctx context.Context, args redemption) error {
	_, done, err := i.store.redemption(ctx, args.InvitationID, args.UserID)
	if err != nil || done {
		return err
	}
	_, err = i.redeem(ctx, args.InvitationID, args.UserID)
	if fault.From(err) == nil {
		return err
	}
	return i.queue.Enqueue(ctx, lateMail(args))
}

func (i *Invitation) sendWelcome(ctx context.Context, args welcomeMail) error {
	o, ok, err := i.store.byID(ctx, args.InvitationID)
	if err != nil || !ok {
		return err
	}
	r, ok, err := i.store.redemption(ctx, args.InvitationID, args.UserID)
	if err != nil || !ok {
		return err
	}
	data, err := i.letterOf(ctx, o)
	if err != nil {
		return err
	}
	if o.CohortID != nil {
		run, err := i.cohort.ByID(ctx, args.UserID, *o.CohortID)
		if err != nil && !errors.Is(err, fault.ErrNotFound) {
			return err
		}
		data.Seat = run.EnrolmentID != uuid.Nil
	}
	if o.AccessDays > 0 {
		data.Until = r.RedeemedAt.AddDate(0, 0, int(o.AccessDays)).UTC().Format(letterDay)
	}
	data.Link = i.frontend + "/"
	return i.sendTo(ctx, i.letters.welcome, args.UserID, "invitation-welcome-"+args.InvitationID.String()+"-"+args.UserID.String(), data)
}

func (i *Invitation) sendLate(ctx context.Context, args lateMail) error {
	return i.sendTo(ctx, i.letters.late, args.UserID, "invitation-late-"+args.InvitationID.String()+"-"+args.UserID.String(),
		letterData{Link: i.frontend + "/"})
}

// sendTo writes to a member, if she is still one.
func (i *Invitation) sendTo(ctx context.Context, t *mail.Template, userID uuid.UUID, key string, data letterData) error {
	her, err := i.account.Me(ctx, account.Actor{ID: userID})
	if errors.Is(err, account.ErrUnauthenticated) {
		return nil
	}
	if err != nil {
		return err
	}
	data.Name = her.DisplayName
	return i.send(ctx, t, her.Email, key, data)
}

// send gives up on a letter that can never arrive and leaves the others to
// the next try.
func (i *Invitation) send(ctx context.Context, t *mail.Template, to, key string, data letterData) error {
	letter, err := t.Letter(to, key, data)
	if err != nil {
		return err
	}
	err = i.mailer.Send(ctx, letter)
	if mail.Permanent(err) {
		return job.Cancel(err)
	}
	return err
}

// Previews shows every letter of this domain, filled in with invented values.
func (i *Invitation) Previews() ([]mail.Preview, error) {
	maria := letterData{
		Name: "Maria", From: "Becky", Link: i.frontend + "/join#token=example", Until: "24 December 2026",
		Cohort: "Winter 2026", Plan: "Circle", Days: 30, Seat: true,
	}
	return mail.Previews(map[string]*mail.Template{
		"invitation/invitation": i.letters.invitation, "invitation/welcome": i.letters.welcome, "invitation/late": i.letters.late,
	}, maria)
}
