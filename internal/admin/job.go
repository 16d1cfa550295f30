package admin

import (
	"context"
	"embed"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/job"
	"github.com/womens-tech-conservatory/conservatory/internal/mail"
)

// closedMail tells somebody that she is kept out, and why.
type closedMail struct {
	ID     uuid.UUID `json:"id"`
	UserID uuid.UUID `json:"user_id"`
}

// Kind names the job.
func (closedMail) Kind() string { return "admin.closed-mail" }

// InsertOpts puts it among the mails.
func (closedMail) InsertOpts() job.Options { return job.Options{Queue: job.QueueMail} }

// openMail tells somebody that she is let in again.
type openMail struct {
	UserID uuid.UUID `json:"user_id"`
	At     time.Time `json:"at"`
}

// Kind names the job.
func (openMail) Kind() string { return "admin.open-mail" }

// InsertOpts puts it among the mails.
func (openMail) InsertOpts() job.Options { return job.Options{Queue: job.QueueMail} }

func (a *Admin) work(q *job.Queue) {
	job.On(q, a.sendClosed)
	job.On(q, a.sendOpen)
}

//go:embed letters/*.txt
var letterFiles embed.FS

type letters struct{ closed, open *mail.Template }

func parseLetters() (l letters, err error) {
	for name, into := range map[string]**mail.Template{"closed": &l.closed, "open": &l.open} {
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

type letterData struct {
	Name    string
	Account bool   // the whole account is closed
	Until   string // "" until it is lifted
	Told    string
}

const letterTime = "2 January 2006, 15:04 UTC"

// sendClosed writes only while that very suspension stands.
func (a *Admin) sendClosed(ctx context.Context, args closedMail) error {
	standing, err := a.Account.StandingOf(ctx, args.UserID)
	if fault.From(err) != nil {
		return nil //nolint:nilerr // she has left altogether
	}
	if err != nil {
		return err
	}
	s, err := a.suspensionOf(ctx, standing)
	if err != nil || s == nil || s.ID != args.ID {
		return err
	}
	data := letterData{Name: standing.DisplayName, Account: s.Closes == Everything, Told: s.Told}
	if s.EndsAt != nil {
		data.Until = s.EndsAt.UTC().Format(letterTime)
	}
	return a.send(ctx, a.letters.closed, standing.Email, "closed-"+args.ID.String(), data)
}

func (a *Admin) sendOpen(ctx context.Context, args openMail) error {
	standing, err := a.Account.StandingOf(ctx, args.UserID)
	if fault.From(err) != nil {
		return nil //nolint:nilerr // she has left altogether
	}
	if err != nil {
		return err
	}
	key := fmt.Sprintf("open-%s-%d", args.UserID, args.At.UnixMilli())
	return a.send(ctx, a.letters.open, standing.Email, key, letterData{Name: standing.DisplayName})
}

func (a *Admin) send(ctx context.Context, t *mail.Template, to, key string, data letterData) error {
	letter, err := t.Letter(to, key, data)
	if err != nil {
		return err
	}
	letter.Anyway = true
	err = a.mailer.Send(ctx, letter)
	if mail.Permanent(err) {
		return job.Cancel(err)
	}
	return err
}

// Previews shows every letter of this domain, filled in with invented values.
func (a *Admin) Previews() ([]mail.Preview, error) {
	return mail.Previews(map[string]*mail.Template{"admin/closed": a.letters.closed, "admin/open": a.letters.open}, letterData{
		Name: "Maria", Account: true, Until: "24 December 2026, 09:41 UTC", Told: "Two members felt pressed by your messages after they had asked you to stop.",
	})
}
