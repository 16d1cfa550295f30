package scholarship

import (
	"context"
	"embed"
	"errors"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/job"
	"github.com/womens-tech-conservatory/conservatory/internal/mail"
)

// thanksMail thanks for a donation.
type thanksMail struct {
	EntryID uuid.UUID `json:"entry_id"`
	UserID  uuid.UUID `json:"user_id"`
}

// Kind names the job.
func (thanksMail) Kind() string { return "scholarship.thanks-mail" }

// InsertOpts puts it among the mails.
func (thanksMail) InsertOpts() job.Options { return job.Options{Queue: job.QueueMail} }

// appliedMail tells an applicant that we have her words.
type appliedMail struct {
	ApplicationID uuid.UUID `json:"application_id"`
}

// Kind names the job.
func (appliedMail) Kind() string { return "scholarship.applied-mail" }

// InsertOpts puts it among the mails.
func (appliedMail) InsertOpts() job.Options { return job.Options{Queue: job.QueueMail} }

// decidedMail tells an applicant the answer.
type decidedMail struct {
	ApplicationID uuid.UUID `json:"application_id"`
	Answer        State     `json:"answer"`
}

// Kind names the job.
func (decidedMail) Kind() string { return "scholarship.decided-mail" }

// InsertOpts puts it among the mails.
func (decidedMail) InsertOpts() job.Options { return job.Options{Queue: job.QueueMail} }

func (s *Scholarship) work(q *job.Queue) {
	job.On(q, s.thank)
	job.On(q, s.tellApplied)
	job.On(q, s.tellDecided)
}

//go:embed letters/*.txt
var letterFiles embed.FS

type letters struct{ thanks, applied, awarded, waiting, later *mail.Template }

func (l *letters) read() error {
	return mail.ReadTemplates(letterFiles, map[string]**mail.Template{
		"thanks": &l.thanks, "applied": &l.applied, "awarded": &l.awarded, "waiting": &l.waiting, "later": &l.later,
	})
}

// of is the letter of an answer; nil for what is no answer of ours.
func (l *letters) of(answer State) *mail.Template {
	return map[State]*mail.Template{Awarded: l.awarded, Waitlisted: l.waiting, NotThisTime: l.later}[answer]
}

type letterData struct {
	Name, Fund, Told, Link string

	Forward bool // her donation passes on what she was given
}

func (s *Scholarship) thank(ctx context.Context, args thanksMail) error {
	e, found, err := s.store.entry(ctx, args.EntryID)
	if err != nil || !found {
		return err
	}
	f, _, err := s.store.fund(ctx, e.FundID)
	if err != nil {
		return err
	}
	data := letterData{Fund: f.Name, Link: s.frontend + "/membership", Forward: e.Kind == Forward}
	return s.send(ctx, s.letters.thanks, args.UserID, "donation-"+e.ID.String(), data)
}

func (s *Scholarship) tellApplied(ctx context.Context, args appliedMail) error {
	a, found, err := s.store.application(ctx, args.ApplicationID)
	if err != nil || !found {
		return err
	}
	return s.send(ctx, s.letters.applied, a.UserID, "application-"+a.ID.String(), letterData{Link: s.frontend + "/scholarship"})
}

// tellDecided writes only while that is still the answer.
func (s *Scholarship) tellDecided(ctx context.Context, args decidedMail) error {
	a, found, err := s.store.application(ctx, args.ApplicationID)
	letter := s.letters.of(args.Answer)
	if err != nil || !found || a.State != args.Answer || letter == nil {
		return err
	}
	key := "application-" + a.ID.String() + "-" + string(args.Answer)
	return s.send(ctx, letter, a.UserID, key, letterData{Told: a.Told, Link: s.frontend + "/membership"})
}

// send writes to a member, if she is still one, and gives up on a letter that
// can never arrive.
func (s *Scholarship) send(ctx context.Context, t *mail.Template, userID uuid.UUID, key string, data letterData) error {
	her, err := s.account.Me(ctx, account.Actor{ID: userID})
	if errors.Is(err, account.ErrUnauthenticated) {
		return nil
	}
	if err != nil {
		return err
	}
	data.Name = her.DisplayName
	letter, err := t.Letter(her.Email, key, data)
	if err != nil {
		return err
	}
	if err = s.mailer.Send(ctx, letter); mail.Permanent(err) {
		return job.Cancel(err)
	}
	return err
}

// Previews shows every letter of this domain, filled in with invented values.
func (s *Scholarship) Previews() ([]mail.Preview, error) {
	l := s.letters
	return mail.Previews(map[string]*mail.Template{
		"scholarship/thanks": l.thanks, "scholarship/applied": l.applied, "scholarship/awarded": l.awarded,
		"scholarship/waiting": l.waiting, "scholarship/later": l.later,
	}, letterData{Name: "Maria", Fund: "The open door", Told: "Your plan for the spring convinced all of us.", Link: s.frontend + "/membership"})
}
