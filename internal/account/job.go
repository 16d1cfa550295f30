package account

import (
	"context"
	"embed"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/job"
	"github.com/womens-tech-conservatory/conservatory/internal/mail"
)

// signupMail writes to whoever signed up: a code, or that she has an account.
type signupMail struct {
	SignupID uuid.UUID `json:"signup_id"`
}

func (signupMail) Kind() string            { return "account.signup-mail" }
func (signupMail) InsertOpts() job.Options { return job.Options{Queue: job.QueueMail} }

// reuseMail warns the owner of a session that ended because an old key came
// back.
type reuseMail struct {
	SessionID uuid.UUID `json:"session_id"`
}

func (reuseMail) Kind() string            { return "account.reuse-mail" }
func (reuseMail) InsertOpts() job.Options { return job.Options{Queue: job.QueueMail} }

// roleMail tells somebody which roles she has by now.
type roleMail struct {
	ID     uuid.UUID `json:"id"`
	UserID uuid.UUID `json:"user_id"`
}

func (roleMail) Kind() string            { return "account.role-mail" }
func (roleMail) InsertOpts() job.Options { return job.Options{Queue: job.QueueMail} }

// prune forgets what is over.
type prune struct{}

func (prune) Kind() string { return "account.prune" }

// restore opens the accounts whose suspension has ended.
type restore struct{}

func (restore) Kind() string { return "account.restore" }

const (
	restoreEvery = time.Minute
	pruneEvery   = time.Hour
	keepSessions = 30 * 24 * time.Hour // dead ones, and roles that have ended, for looking into complaints
)

func (a *Account) registerJobs(q *job.Queue) {
	job.On(q, a.sendSignupMail)
	job.On(q, a.sendReuseMail)
	job.On(q, a.sendNoticeMail)
	job.On(q, a.sendRoleMail)
	job.On(q, func(ctx context.Context, _ prune) error { return a.prune(ctx, a.clock.Now()) })
	job.On(q, func(ctx context.Context, _ restore) error { return a.restoreDue(ctx) })
	q.Every(pruneEvery, prune{})
	q.Every(restoreEvery, restore{})
}

//go:embed letters/*.txt
var letterFiles embed.FS

type letters struct{ code, known, reuse, notice, role *mail.Template }

func parseLetters() (l letters, err error) {
	for name, into := range map[string]**mail.Template{"code": &l.code, "known": &l.known, "reuse": &l.reuse, "notice": &l.notice, "role": &l.role} {
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

// letterTime is how a moment stands in a letter.
const letterTime = "2 January 2006, 15:04 UTC"

type letterData struct{ Name, Code, Link, At, What string }

func (a *Account) sendRoleMail(ctx context.Context, args roleMail) error {
	u, ok, err := a.user(ctx, args.UserID)
	if err != nil || !ok {
		return err
	}
	return a.send(ctx, a.letters.role, u.Email, "role-"+args.ID.String(),
		letterData{Name: u.DisplayName, What: rolesInWords(u), Link: a.frontend + "/account"})
}

// rolesInWords is what somebody is, as a letter says it.
func rolesInWords(u User) string {
	var all []string
	for _, r := range u.Roles {
		all = append(all, string(r))
	}
	for _, s := range u.Scoped {
		place := "a space"
		if s.CohortID != uuid.Nil {
			place = "a cohort"
		}
		all = append(all, string(s.Role)+" of "+place)
	}
	if len(all) == 0 {
		return "member, without a further role"
	}
	return strings.Join(all, ", ")
}

func (a *Account) sendSignupMail(ctx context.Context, args signupMail) error {
	s, send, err := a.claimMail(ctx, args.SignupID, a.clock.Now())
	if err != nil || !send {
		return err
	}
	found, err := a.credentials(ctx, s.EmailKey)
	if err != nil {
		return err
	}
	letter, data := a.letters.code, letterData{
		Name: s.DisplayName, Code: a.once.Code(forCode, s.ID), Link: a.frontend + "/verify#token=" + a.once.Token(forLink, s.ID),
		At: s.CreatedAt.UTC().Format(letterTime),
	}
	if found.ID != uuid.Nil {
		letter, data = a.letters.known, letterData{Link: a.frontend + "/login"}
	}
	return a.send(ctx, letter, s.Email, "signup-"+s.ID.String(), data)
}

func (a *Account) sendReuseMail(ctx context.Context, args reuseMail) error {
	_, u, err := a.session(ctx, args.SessionID)
	if err != nil || u.ID == uuid.Nil {
		return err
	}
	return a.send(ctx, a.letters.reuse, u.Email, "reuse-"+args.SessionID.String(),
		letterData{Name: u.DisplayName, Link: a.frontend + "/login"})
}

// send gives up on a letter that can never arrive and leaves the others to
// the next try.
func (a *Account) send(ctx context.Context, t *mail.Template, to, key string, data letterData) error {
	letter, err := t.Letter(to, key, data)
	if err != nil {
		return err
	}
	err = a.mailer.Send(ctx, letter)
	if mail.Permanent(err) {
		return job.Cancel(err)
	}
	return err
}
