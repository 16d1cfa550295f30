// Package reminder writes to members about what they pay: before a trial or a
// year ends, when a payment fails or waits for them, before a card expires, and
// when a membership ends; and to administrators before a bank stops listening.
//
// Decisions: a letter is promised in the transaction that found its cause, once
// for each person, kind, subject and period, however often and by however many
// workers it is found; whether it is still true is asked again when it is sent,
// so that nobody is pressed who has paid, gone or stayed meanwhile; amounts come
// from Stripe at that moment and not from a price list; at most one letter a day
// says that a payment failed; the row is the log, and stays. All of them are
// about a contract that runs, and cannot be refused, but for the one about a
// card: that is a courtesy, and one click ends it (RFC 8058).
package reminder

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/job"
	"github.com/womens-tech-conservatory/conservatory/internal/mail"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// Stripe is what is asked of it before a letter is sent.
type Stripe interface {
	// Upcoming is the next invoice of a subscription; false when none will come.
	Upcoming(ctx context.Context, subscription string) (billing.Upcoming, bool, error)
	// Card is the card that a member's next payment is taken from; false when
	// there is none.
	Card(ctx context.Context, userID uuid.UUID) (billing.Card, bool, error)
}

// Config says where letters lead to.
type Config struct {
	Secret      []byte // links to refuse a letter are derived from it
	Previous    []byte // the secret before, whose links are taken too; may be nil
	BaseURL     string // of this API
	FrontendURL string
}

// Reminder is the domain. It is safe for concurrent use.
type Reminder struct {
	store   store
	db      *pg.DB
	clock   clock.Clock
	queue   *job.Queue
	mailer  *mail.Mailer
	stripe  Stripe
	letters letters
	cfg     Config
}

// New makes the domain and registers its jobs on q, which must not have started
// yet.
func New(db *pg.DB, c clock.Clock, q *job.Queue, m *mail.Mailer, s Stripe, cfg Config) (*Reminder, error) {
	r := &Reminder{store: store{db}, db: db, clock: c, queue: q, mailer: m, stripe: s, letters: letters{}, cfg: cfg}
	r.cfg.BaseURL, r.cfg.FrontendURL = strings.TrimRight(cfg.BaseURL, "/"), strings.TrimRight(cfg.FrontendURL, "/")
	if err := r.letters.read(); err != nil {
		return nil, err
	}
	r.work(q)
	return r, nil
}

// Promise promises somebody a letter, in the transaction that found its cause.
// The same cause is the same letter.
func (r *Reminder) Promise(ctx context.Context, userID uuid.UUID, c billing.Cause) error {
	return r.db.InTx(ctx, func(ctx context.Context) error {
		if pressing(c.Kind) {
			// Another try of hers on the same day is no second letter. The next look finds this cause again.
			told, err := r.store.pressedSince(ctx, userID, r.clock.Now().Add(-aDay))
			if err != nil || told {
				return err
			}
		}
		id, fresh, err := r.store.promise(ctx, userID, c, r.clock.Now())
		if err != nil || !fresh {
			return err
		}
		return r.queue.Enqueue(ctx, sendLetter{id})
	})
}

// aDay is a little less than one, so that a yearly letter at noon is not put off
// by one at five past.
const aDay = 20 * time.Hour

// Letter is one that was promised, for those who run the community.
type Letter struct {
	ID         uuid.UUID
	Kind       billing.CauseKind
	State      string // promised, sent, needless or undeliverable
	PromisedAt time.Time
	SettledAt  *time.Time
}

const listed = 100

// Log gives the newest hundred letters to a member, the newest first. For
// administrators. Fault: fault.ErrNotFound.
func (r *Reminder) Log(ctx context.Context, memberID uuid.UUID) ([]Letter, error) {
	all, err := r.store.log(ctx, memberID, listed)
	if err != nil || len(all) > 0 {
		return all, err
	}
	known, err := r.store.knows(ctx, memberID)
	if err == nil && !known {
		err = fault.ErrNotFound
	}
	return all, err
}

// Refuse keeps from the reader of a letter all others of its kind, in one click
// and for good; it may be repeated. Whoever has the letter may. Fault:
// fault.ErrNotFound for a link that is not ours, or of a kind that cannot be
// refused.
func (r *Reminder) Refuse(ctx context.Context, token string) error {
	id := r.open(token)
	if id == uuid.Nil {
		return fault.ErrNotFound
	}
	l, err := r.store.letter(ctx, id)
	if pg.Missing(err) || err == nil && !mayRefuse(l.Kind) {
		return fault.ErrNotFound
	}
	if err != nil {
		return err
	}
	return r.store.refuse(ctx, l.UserID, l.Kind, r.clock.Now())
}
