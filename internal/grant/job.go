package grant

import (
	"context"
	"embed"
	"errors"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/job"
	"github.com/womens-tech-conservatory/conservatory/internal/mail"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
)

// givenMail tells a member what she was given, or that it has another end.
type givenMail struct {
	GrantID uuid.UUID  `json:"grant_id"`
	EndsAt  *time.Time `json:"ends_at,omitempty"` // the new end: each is a letter of its own
}

// Kind names the job.
func (givenMail) Kind() string { return "grant.given-mail" }

// InsertOpts puts it among the mails.
func (givenMail) InsertOpts() job.Options { return job.Options{Queue: job.QueueMail} }

// overMail tells a member that something has ended.
type overMail struct {
	GrantID uuid.UUID `json:"grant_id"`
}

// Kind names the job.
func (overMail) Kind() string { return "grant.over-mail" }

// InsertOpts puts it among the mails.
func (overMail) InsertOpts() job.Options { return job.Options{Queue: job.QueueMail} }

// graduatedMail wishes a graduate well.
type graduatedMail struct {
	GrantID uuid.UUID `json:"grant_id"`
}

// Kind names the job.
func (graduatedMail) Kind() string { return "grant.graduated-mail" }

// InsertOpts puts it among the mails.
func (graduatedMail) InsertOpts() job.Options { return job.Options{Queue: job.QueueMail} }

// endingMail tells a member that what she has ends in a week.
type endingMail struct {
	GrantID uuid.UUID `json:"grant_id"`
	EndsAt  time.Time `json:"ends_at"`
}

// Kind names the job.
func (endingMail) Kind() string { return "grant.ending-mail" }

// InsertOpts puts it among the mails.
func (endingMail) InsertOpts() job.Options { return job.Options{Queue: job.QueueMail} }

// remind looks for what ends soon.
type remind struct{}

// Kind names the job.
func (remind) Kind() string { return "grant.remind" }

const (
	notice = 7 * 24 * time.Hour
	atOnce = 500
)

func (g *Grant) work(q *job.Queue) {
	job.On(q, g.sendGiven)
	job.On(q, g.sendOver)
	job.On(q, g.sendGraduated)
	job.On(q, g.sendEnding)
	job.On(q, func(ctx context.Context, _ remind) error { return g.remind(ctx) })
	q.Every(time.Hour, remind{})
}

// remind promises the letters about what ends within a week; the rest comes an
// hour later.
func (g *Grant) remind(ctx context.Context) error {
	return g.db.InTx(ctx, func(ctx context.Context) error {
		ending, err := g.membership.ClaimEnding(ctx, notice, atOnce)
		if err != nil {
			return err
		}
		for _, given := range ending {
			if err := g.queue.Enqueue(ctx, endingMail{GrantID: given.ID, EndsAt: *given.EndsAt}); err != nil {
				return err
			}
		}
		return nil
	})
}

//go:embed letters/*.txt
var letterFiles embed.FS

type letters struct{ given, over, graduated, ending *mail.Template }

func (l *letters) read() error {
	return mail.ReadTemplates(letterFiles, map[string]**mail.Template{
		"given": &l.given, "over": &l.over, "graduated": &l.graduated, "ending": &l.ending,
	})
}

type letterData struct {
	Name, Until, Link string

	Read bool // it opens reading only
	Kind string
}

const letterDay = "2 January 2006"

func day(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(letterDay)
}

func (g *Grant) sendGiven(ctx context.Context, args givenMail) error {
	given, found, err := g.membership.GrantByID(ctx, args.GrantID)
	if err != nil || !found || given.RevokedAt != nil {
		return err
	}
	key := "grant-given-" + given.ID.String()
	if args.EndsAt != nil {
		key += "-" + strconv.FormatInt(args.EndsAt.Unix(), 10)
	}
	return g.send(ctx, g.letters.given, given, key)
}

func (g *Grant) sendOver(ctx context.Context, args overMail) error {
	return g.sendAbout(ctx, g.letters.over, args.GrantID, "grant-over-")
}

func (g *Grant) sendGraduated(ctx context.Context, args graduatedMail) error {
	return g.sendAbout(ctx, g.letters.graduated, args.GrantID, "grant-graduated-")
}

func (g *Grant) sendAbout(ctx context.Context, t *mail.Template, id uuid.UUID, key string) error {
	given, found, err := g.membership.GrantByID(ctx, id)
	if err != nil || !found {
		return err
	}
	return g.send(ctx, t, given, key+id.String())
}

// sendEnding writes only if it still ends then and nothing takes over.
func (g *Grant) sendEnding(ctx context.Context, args endingMail) error {
	given, found, err := g.membership.GrantByID(ctx, args.GrantID)
	if err != nil || !found || given.RevokedAt != nil || given.EndsAt == nil || !given.EndsAt.Equal(args.EndsAt) {
		return err
	}
	access, err := g.membership.Access(ctx, given.UserID)
	if err != nil || access.Notice != membership.EndsSoon || access.Until == nil || access.Until.After(args.EndsAt) {
		return err
	}
	return g.send(ctx, g.letters.ending, given, "grant-ending-"+given.ID.String()+"-"+strconv.FormatInt(args.EndsAt.Unix(), 10))
}

// send writes to a member, if she is still one, and gives up on a letter that
// can never arrive.
func (g *Grant) send(ctx context.Context, t *mail.Template, given membership.Grant, key string) error {
	her, err := g.account.Me(ctx, account.Actor{ID: given.UserID})
	if errors.Is(err, account.ErrUnauthenticated) {
		return nil
	}
	if err != nil {
		return err
	}
	letter, err := t.Letter(her.Email, key, letterData{
		Name: her.DisplayName, Until: day(given.EndsAt), Link: g.frontend + "/membership", Read: given.Level == membership.ReadOnly, Kind: given.Kind,
	})
	if err != nil {
		return err
	}
	if err = g.mailer.Send(ctx, letter); mail.Permanent(err) {
		return job.Cancel(err)
	}
	return err
}

// Previews shows every letter of this domain, filled in with invented values.
func (g *Grant) Previews() ([]mail.Preview, error) {
	return mail.Previews(map[string]*mail.Template{
		"grant/given": g.letters.given, "grant/over": g.letters.over, "grant/graduated": g.letters.graduated, "grant/ending": g.letters.ending,
	}, letterData{Name: "Maria", Until: "24 December 2026", Link: g.frontend + "/membership", Kind: membership.Comp})
}
