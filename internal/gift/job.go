package gift

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

// deliver brings a gift to the address it is for.
type deliver struct {
	GiftID uuid.UUID `json:"gift_id"`
}

// Kind names the job.
func (deliver) Kind() string { return "gift.deliver" }

// InsertOpts puts it among the mails.
func (deliver) InsertOpts() job.Options { return job.Options{Queue: job.QueueMail} }

// thanksMail thanks the buyer, and gives her the link where she hands it on.
type thanksMail struct {
	GiftID uuid.UUID `json:"gift_id"`
}

// Kind names the job.
func (thanksMail) Kind() string { return "gift.thanks-mail" }

// InsertOpts puts it among the mails.
func (thanksMail) InsertOpts() job.Options { return job.Options{Queue: job.QueueMail} }

// openedMail tells the buyer that it was accepted.
type openedMail struct {
	GiftID uuid.UUID `json:"gift_id"`
}

// Kind names the job.
func (openedMail) Kind() string { return "gift.opened-mail" }

// InsertOpts puts it among the mails.
func (openedMail) InsertOpts() job.Options { return job.Options{Queue: job.QueueMail} }

// sendDue looks for gifts whose day has come.
type sendDue struct{}

// Kind names the job.
func (sendDue) Kind() string { return "gift.due" }

// prune forgets what was never paid, and addresses of what is over.
type prune struct{}

// Kind names the job.
func (prune) Kind() string { return "gift.prune" }

const atOnce = 500

func (g *Gifts) work(q *job.Queue) {
	job.On(q, g.deliver)
	job.On(q, g.thank)
	job.On(q, g.tellOpened)
	job.On(q, func(ctx context.Context, _ sendDue) error { return g.sendDue(ctx) })
	job.On(q, func(ctx context.Context, _ prune) error {
		now := g.clock.Now()
		return g.store.prune(ctx, now.Add(-unpaidFor), now)
	})
	q.Every(5*time.Minute, sendDue{})
	q.Every(time.Hour, prune{})
}

// sendDue may promise a letter twice; it is sent once, by its key.
func (g *Gifts) sendDue(ctx context.Context) error {
	due, err := g.store.due(ctx, g.clock.Now(), atOnce)
	if err != nil {
		return err
	}
	var failed []error
	for _, of := range due {
		failed = append(failed, g.deliver(ctx, deliver{GiftID: of.ID}))
	}
	return errors.Join(failed...)
}

//go:embed letters/*.txt
var letterFiles embed.FS

type letters struct{ gift, thanks, opened *mail.Template }

func (l *letters) read() error {
	return mail.ReadTemplates(letterFiles, map[string]**mail.Template{"gift": &l.gift, "thanks": &l.thanks, "opened": &l.opened})
}

const letterDay = "2 January 2006"

type letterData struct {
	Name, From, Message, Plan, Link, Until, Day string

	Months int64
	Handed bool // she hands it on herself
}

func (g *Gifts) deliver(ctx context.Context, args deliver) error {
	of, ok, err := g.store.claimLetter(ctx, args.GiftID, g.clock.Now())
	if err != nil || !ok {
		return err
	}
	data, err := g.letterOf(ctx, of)
	if err != nil {
		return err
	}
	data.Name, data.Message, data.Link = of.RecipientName, of.Message, g.link(of.ID)
	if data.From, err = g.name(ctx, of.BuyerID); err != nil {
		return err
	}
	return g.send(ctx, g.letters.gift, *of.RecipientEmail, "gift-"+of.ID.String(), data)
}

func (g *Gifts) letterOf(ctx context.Context, of Gift) (d letterData, err error) {
	d = letterData{Months: of.Months, Handed: of.RecipientEmail == nil, Day: of.DeliverAt.UTC().Format(letterDay)}
	if of.ExpiresAt != nil {
		d.Until = of.ExpiresAt.UTC().Format(letterDay)
	}
	d.Plan, err = g.planName(ctx, of.Plan)
	return d, err
}

// name is how somebody calls herself; "" for who has left us.
func (g *Gifts) name(ctx context.Context, userID uuid.UUID) (string, error) {
	her, err := g.account.Me(ctx, account.Actor{ID: userID})
	if errors.Is(err, account.ErrUnauthenticated) {
		return "", nil
	}
	return her.DisplayName, err
}

func (g *Gifts) thank(ctx context.Context, args thanksMail) error {
	of, ok, err := g.store.byID(ctx, args.GiftID)
	if err != nil || !ok {
		return err
	}
	return g.sendBuyer(ctx, g.letters.thanks, of, "gift-thanks-")
}

func (g *Gifts) tellOpened(ctx context.Context, args openedMail) error {
	of, ok, err := g.store.byID(ctx, args.GiftID)
	if err != nil || !ok {
		return err
	}
	return g.sendBuyer(ctx, g.letters.opened, of, "gift-opened-")
}

func (g *Gifts) sendBuyer(ctx context.Context, t *mail.Template, of Gift, key string) error {
	her, err := g.account.Me(ctx, account.Actor{ID: of.BuyerID})
	if errors.Is(err, account.ErrUnauthenticated) {
		return nil
	}
	if err != nil {
		return err
	}
	data, err := g.letterOf(ctx, of)
	if err != nil {
		return err
	}
	data.Name, data.Link = her.DisplayName, g.frontend+"/gifts"
	if data.Handed && of.StateAt(g.clock.Now()) == Ready {
		data.Link = g.link(of.ID)
	}
	return g.send(ctx, t, her.Email, key+of.ID.String(), data)
}

// send gives up on a letter that can never arrive and leaves the others to
// the next try.
func (g *Gifts) send(ctx context.Context, t *mail.Template, to, key string, data letterData) error {
	letter, err := t.Letter(to, key, data)
	if err != nil {
		return err
	}
	if err = g.mailer.Send(ctx, letter); mail.Permanent(err) {
		return job.Cancel(err)
	}
	return err
}

// Previews shows every letter of this domain, filled in with invented values.
func (g *Gifts) Previews() ([]mail.Preview, error) {
	return mail.Previews(map[string]*mail.Template{"gift/gift": g.letters.gift, "gift/thanks": g.letters.thanks, "gift/opened": g.letters.opened}, letterData{
		Name: "Maria", From: "Aisha", Message: "You have talked about this for a year. Go!", Plan: "Circle", Link: g.frontend + "/gift#token=example",
		Until: "24 December 2027", Day: "24 December 2026", Months: 3, Handed: true,
	})
}
