package pause

import (
	"context"
	"embed"
	"fmt"
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/job"
	"github.com/womens-tech-conservatory/conservatory/internal/mail"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

//go:embed letters/*.txt
var letterFiles embed.FS

// The letters.
const (
	pausedLetter    = "paused"
	returningLetter = "returning"
)

type letters map[string]*mail.Template

func parseLetters() (letters, error) {
	all := letters{}
	for _, name := range []string{pausedLetter, returningLetter} {
		source, err := letterFiles.ReadFile("letters/" + name + ".txt")
		if err == nil {
			all[name], err = mail.ParseTemplate(string(source))
		}
		if err != nil {
			return nil, fmt.Errorf("read the letter %s: %w", name, err)
		}
	}
	return all, nil
}

type letterData struct{ Name, Until, Bill, Link string }

const letterDay = "Monday, 2 January 2006"

// write sends a letter about a pause, as it stands by now: one that was over
// before is not written about.
func (p *Pause) write(ctx context.Context, a letter) error {
	r, err := p.store.byID(ctx, a.PauseID)
	if pg.Missing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if r.State != running || r.MovedAt == nil || !r.UntilAt.After(p.clock.Now()) {
		return nil
	}
	to, ok, err := p.store.recipient(ctx, r.UserID)
	if err != nil || !ok {
		return err
	}
	zone, err := time.LoadLocation(to.TimeZone)
	if err != nil {
		zone = time.UTC
	}
	filled, err := p.letters[a.Kept].Letter(to.Email, a.Kept+"-"+r.ID.String(), letterData{
		Name: to.DisplayName, Until: r.UntilAt.In(zone).Format(letterDay), Bill: r.MovedAt.In(zone).Format(letterDay),
		Link: p.cfg.FrontendURL + "/membership",
	})
	if err != nil {
		return err
	}
	err = p.cfg.Mailer.Send(ctx, filled)
	if mail.Permanent(err) {
		return job.Cancel(err)
	}
	return err
}

// Previews shows every letter of this domain, filled in with invented values.
func (p *Pause) Previews() ([]mail.Preview, error) {
	all := map[string]*mail.Template{}
	for name, template := range p.letters {
		all["pause/"+name] = template
	}
	return mail.Previews(all, letterData{
		Name: "Maria", Until: "Monday, 1 February 2027", Bill: "Friday, 26 February 2027", Link: p.cfg.FrontendURL + "/membership",
	})
}
