package signin

import (
	"context"
	"embed"
	"fmt"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/job"
	"github.com/womens-tech-conservatory/conservatory/internal/mail"
)

//go:embed letters/*.txt
var letterFiles embed.FS

// letter names one of ours.
type letter string

const (
	letterCode    letter = "code"
	letterReset   letter = "reset"
	letterConfirm letter = "confirm"
	letterTaken   letter = "taken"
	letterUndo    letter = "undo"
)

// letterTime is how a moment stands in a letter.
const letterTime = "2 January 2006, 15:04 UTC"

type letterData struct {
	Name, Code, Link, At string
	Factor               bool // she has a second factor
}

func parseLetters() (map[letter]*mail.Template, error) {
	all := map[letter]*mail.Template{}
	for _, name := range []letter{letterCode, letterReset, letterConfirm, letterTaken, letterUndo} {
		source, err := letterFiles.ReadFile("letters/" + string(name) + ".txt")
		if err != nil {
			return nil, fmt.Errorf("read the letter %s: %w", name, err)
		}
		if all[name], err = mail.ParseTemplate(string(source)); err != nil {
			return nil, fmt.Errorf("read the letter %s: %w", name, err)
		}
	}
	return all, nil
}

// Previews shows every letter of this domain, filled in with invented values.
func (s *Signin) Previews() ([]mail.Preview, error) {
	named := map[string]*mail.Template{}
	for name, t := range s.letters {
		named["signin/"+string(name)] = t
	}
	return mail.Previews(named, letterData{
		Name: "Maria", Code: "482913", Link: s.frontend + "/sign-in#token=example", At: "24 November 2026, 09:41 UTC", Factor: true,
	})
}

// sendSecret finds out whether the address has an account. Without one, and
// beyond the numbers, no letter goes out and the secret opens nothing.
func (s *Signin) sendSecret(ctx context.Context, args secretMail) error {
	key, k, err := s.asked(ctx, args.SecretID)
	if err != nil {
		return err
	}
	u, ok, err := s.account.ByEmail(ctx, key)
	if err != nil || !ok {
		return err
	}
	if ok, err = s.claimSecret(ctx, args.SecretID, key, u.ID); err != nil || !ok {
		return err
	}
	data := letterData{Name: u.DisplayName, Factor: len(u.Factors) > 0, Link: s.link("/reset-password", string(kindReset), args.SecretID)}
	name := letterReset
	if k == kindCode {
		name, data.Code, data.Link = letterCode, s.once.Code(forDigits, args.SecretID), s.link("/sign-in", string(kindCode), args.SecretID)
	}
	return s.send(ctx, name, u.Email, args.SecretID, data)
}

// sendConfirm asks the new address, or tells it that it has an account.
func (s *Signin) sendConfirm(ctx context.Context, args confirmMail) error {
	c, u, ok, err := s.readyChange(ctx, args.ChangeID)
	if err != nil || !ok {
		return err
	}
	taken, err := s.taken(ctx, c)
	if err != nil {
		return err
	}
	if taken {
		return s.send(ctx, letterTaken, c.NewEmail, c.ID, letterData{Link: s.frontend + "/login"})
	}
	return s.send(ctx, letterConfirm, c.NewEmail, c.ID,
		letterData{Name: u.DisplayName, Link: s.link("/confirm-email", forConfirm, c.ID)})
}

// sendUndo tells the old address, also when the new one has an account: she
// would learn of it otherwise.
func (s *Signin) sendUndo(ctx context.Context, args undoMail) error {
	c, u, ok, err := s.readyChange(ctx, args.ChangeID)
	if err != nil || !ok {
		return err
	}
	return s.send(ctx, letterUndo, c.OldEmail, c.ID, letterData{
		Name: u.DisplayName, At: c.CreatedAt.UTC().Format(letterTime), Link: s.link("/undo-email", forUndo, c.ID),
	})
}

// readyChange is false for a change whose letters must not go out (any more).
func (s *Signin) readyChange(ctx context.Context, id uuid.UUID) (change, account.User, bool, error) {
	c, ok, err := s.claimChange(ctx, id)
	if err != nil || !ok {
		return change{}, account.User{}, false, err
	}
	u, ok, err := s.account.ByID(ctx, c.UserID)
	return c, u, ok, err
}

func (s *Signin) link(path, purpose string, id uuid.UUID) string {
	return s.frontend + path + "#token=" + s.once.Token(purpose, id)
}

// send gives up on a letter that can never arrive and leaves the others to
// the next try.
func (s *Signin) send(ctx context.Context, name letter, to string, id uuid.UUID, data letterData) error {
	m, err := s.letters[name].Letter(to, "signin-"+string(name)+"-"+id.String(), data)
	if err != nil {
		return err
	}
	err = s.mailer.Send(ctx, m)
	if mail.Permanent(err) {
		return job.Cancel(err)
	}
	return err
}
