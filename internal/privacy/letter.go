package privacy

import (
	"context"
	"embed"
	"fmt"

	"github.com/womens-tech-conservatory/conservatory/internal/mail"
)

//go:embed letters/*.txt
var letterFiles embed.FS

type letters struct{ farewell *mail.Template }

func parseLetters() (l letters, err error) {
	source, err := letterFiles.ReadFile("letters/farewell.txt")
	if err == nil {
		l.farewell, err = mail.ParseTemplate(string(source))
	}
	if err != nil {
		return l, fmt.Errorf("read the letter farewell: %w", err)
	}
	return l, nil
}

type letterData struct{ Name, Link string }

// patience is how long an erasure waits for a mail relay that is away.
const patience = day

// farewell is the last letter to somebody, while her address is still known.
// An erasure does not wait for ever for a letter.
func (p *Privacy) farewell(ctx context.Context, e Erasure) error {
	name, email, err := p.addressOf(ctx, e.UserID)
	if err != nil || email == "" {
		return err
	}
	letter, err := p.letters.farewell.Letter(email, "farewell-"+e.ID.String(), letterData{Name: name, Link: p.cfg.FrontendURL + "/"})
	if err != nil {
		return err
	}
	err = p.cfg.Mailer.Send(ctx, letter)
	if mail.Permanent(err) || p.clock.Now().After(e.DueAt.Add(patience)) {
		return nil
	}
	return err
}

// Previews shows every letter of this domain, filled in with invented values.
func (p *Privacy) Previews() ([]mail.Preview, error) {
	return mail.Previews(map[string]*mail.Template{"privacy/farewell": p.letters.farewell}, letterData{Name: "Maria", Link: p.cfg.FrontendURL + "/"})
}
