package reminder

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/job"
	"github.com/womens-tech-conservatory/conservatory/internal/mail"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// sendLetter sends a letter that was promised.
type sendLetter struct {
	LetterID uuid.UUID `json:"letter_id"`
}

// Kind names the job.
func (sendLetter) Kind() string { return "reminder.send_letter" }

// InsertOpts puts it among the mails.
func (sendLetter) InsertOpts() job.Options { return job.Options{Queue: job.QueueMail} }

// goRound looks for what only the clock tells.
type goRound struct{}

// Kind names the job.
func (goRound) Kind() string { return "reminder.go_round" }

// checkCards looks at the cards that payments will be taken from.
type checkCards struct{}

// Kind names the job.
func (checkCards) Kind() string { return "reminder.check_cards" }

// Timeout leaves room for two questions to Stripe for each card.
func (checkCards) Timeout() time.Duration { return 20 * time.Minute }

const (
	trialAhead   = 3 * 24 * time.Hour
	renewalAhead = 14 * 24 * time.Hour
	atOnce       = 500
)

func (r *Reminder) work(q *job.Queue) {
	job.On(q, func(ctx context.Context, a sendLetter) error { return r.send(ctx, a.LetterID) })
	job.On(q, func(ctx context.Context, _ goRound) error { return r.Round(ctx) })
	job.On(q, func(ctx context.Context, _ checkCards) error { return r.CheckCards(ctx) })
	q.Every(time.Hour, goRound{})
	q.Every(24*time.Hour, checkCards{})
}

// Round promises the letters that are due by the clock: trials that end in three
// days, years that end in two weeks, and banks that listen a week or a day more.
// What is too much for one round comes in the next.
func (r *Reminder) Round(ctx context.Context) error {
	due, err := r.store.round(ctx, r.clock.Now(), atOnce)
	if err != nil {
		return err
	}
	var failed []error
	for _, f := range due {
		failed = append(failed, r.Promise(ctx, f.UserID, billing.Cause{Kind: f.Kind, Subject: f.Subject, Period: f.Period}))
	}
	return errors.Join(failed...)
}

// CheckCards looks once a month at each card that a payment will be taken from,
// and promises a letter about one that is good no longer than the next month.
func (r *Reminder) CheckCards(ctx context.Context) error {
	now := r.clock.Now()
	members, err := r.store.uncheckedCards(ctx, time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC), atOnce)
	if err != nil {
		return err
	}
	for _, userID := range members {
		card, ok, err := r.stripe.Card(ctx, userID)
		if err != nil {
			return err // Stripe is away for all of them
		}
		err = r.db.InTx(ctx, func(ctx context.Context) error {
			if ok && expiresSoon(card, now) {
				if err := r.Promise(ctx, userID, card.Cause()); err != nil {
					return err
				}
			}
			return r.store.cardChecked(ctx, userID, now)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// expiresSoon says whether a card is good no longer than the next month.
func expiresSoon(c billing.Card, now time.Time) bool {
	months := (c.ExpYear-now.Year())*12 + c.ExpMonth - int(now.Month())
	return months <= 1
}

// send asks once more whether a letter is true, and sends it. Repeated it sends
// nothing, unless it was cut off just then: the second copy has the same
// Message-ID.
func (r *Reminder) send(ctx context.Context, id uuid.UUID) error {
	l, err := r.store.letter(ctx, id)
	if pg.Missing(err) || err == nil && l.State != promised {
		return nil
	}
	if err != nil {
		return err
	}
	filled, due := letterData{}, l.Reads
	if due {
		if filled, due, err = r.fill(ctx, l); err != nil {
			return err
		}
	}
	if !due {
		return r.store.settle(ctx, id, needless, r.clock.Now())
	}
	msg, err := r.letters[l.Kind].Letter(l.Email, "reminder-"+id.String(), filled)
	if err != nil {
		return err
	}
	if mayRefuse(l.Kind) {
		msg.Unsubscribe = r.cfg.BaseURL + "/v1/letters/" + r.token(id) + "/refusal"
	}
	if err := r.mailer.Send(ctx, msg); mail.Permanent(err) {
		return errors.Join(job.Cancel(err), r.store.settle(ctx, id, undeliverable, r.clock.Now()))
	} else if err != nil {
		return err
	}
	return r.store.settle(ctx, id, sent, r.clock.Now())
}
