// Package billing is the way to Stripe: it sends members to pay, listens to
// what Stripe says, and keeps membership in step with it.
//
// Decisions: an event is a hint that a customer changed, never the news
// itself: what counts is fetched anew, one customer at a time, so that order,
// repetition and loss of events do not matter; a member is known by the
// customer id that was bound to her, never by an e-mail address; what is going
// to be asked of Stripe is written down first, and its id derives the
// idempotency keys, so that a crash at any point is resumed, not repeated;
// nothing talks to Stripe inside a transaction.
package billing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/job"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// The faults of this domain.
var (
	// ErrSubscriptionLive: a second subscription would double the first.
	ErrSubscriptionLive = &fault.Error{Kind: fault.Conflict, Code: "subscription-live", Detail: "You already have a running subscription. See GET /v1/membership."}
	// ErrBanned: nobody pays for what stays closed to her.
	ErrBanned = &fault.Error{Kind: fault.Forbidden, Code: "not-allowed", Detail: "Your membership is closed, so it cannot be paid for. Please write to us."}
	// ErrPaymentsUnavailable: Stripe cannot be asked; nothing was charged.
	ErrPaymentsUnavailable = &fault.Error{
		Kind: fault.Unavailable, Code: "payments-unavailable", Retry: 30 * time.Second,
		Detail: "The payment service does not answer. Nothing was charged; please try again in a minute.",
	}
	// ErrTerms: the terms have changed, or were not agreed to. Its field says
	// which version is current.
	ErrTerms = &fault.Error{Kind: fault.Invalid, Code: "terms-changed", Detail: "Please read our terms as they are now and agree to them."}
	// ErrNoSubscription: there is nothing to end or to keep.
	ErrNoSubscription = &fault.Error{Kind: fault.Conflict, Code: "no-subscription", Detail: "You have no running subscription. See GET /v1/plans."}
	// ErrNothingBilled: Stripe does not know her.
	ErrNothingBilled = &fault.Error{Kind: fault.Conflict, Code: "nothing-billed", Detail: "You have not paid for anything yet, so there is nothing to change. See GET /v1/plans."}
	// ErrSignature: not signed by Stripe with a secret of ours, or not recently.
	ErrSignature = &fault.Error{Kind: fault.Malformed, Code: "signature-invalid", Detail: "The signature does not fit the body."}
	// ErrLivemode: a test event for the live shop, or the other way round.
	ErrLivemode = &fault.Error{Kind: fault.Malformed, Code: "livemode-mismatch", Detail: "This event is of the other mode."}
	// ErrEvent: signed, and still not an event.
	ErrEvent = &fault.Error{Kind: fault.Malformed, Code: "event-invalid", Detail: "The body is not an event."}
)

// Config says how to reach Stripe and whom to believe.
type Config struct {
	SecretKey      string
	APIBase        string   // "" is https://api.stripe.com
	WebhookSecrets []string // any of them may have signed; during a change there are two
	SuccessURL     string   // {CHECKOUT_ID} in it becomes the id of the checkout
	CancelURL      string
	ReturnURL      string // after the portal
	PurchaseURL    string // after paying once; {PURCHASE_ID} becomes the id of the purchase
	Terms          string // the version of the terms one agrees to when paying; "": there are none
	Auditor        account.Auditor
	Reminder       Reminder // writes to members; nil: nobody is written to
	Livemode       bool
	// Transport carries the calls to Stripe; nil is the usual one.
	Transport http.RoundTripper
	// VersionMismatch is told of every event of another API version than
	// ours. It may be nil.
	VersionMismatch func(apiVersion string)
}

// minSecret is the least length of a webhook secret: the library happily
// verifies with an empty one.
const minSecret = 16

func (c Config) check() error {
	if c.SecretKey == "" {
		return errors.New("billing: the Stripe secret key is missing")
	}
	if len(c.WebhookSecrets) == 0 {
		return errors.New("billing: the Stripe webhook secret is missing")
	}
	for _, s := range c.WebhookSecrets {
		if len(s) < minSecret {
			return fmt.Errorf("billing: a Stripe webhook secret has fewer than %d characters", minSecret)
		}
	}
	return nil
}

// Billing is the domain. It is safe for concurrent use.
type Billing struct {
	store      store
	db         *pg.DB
	clock      clock.Clock
	membership *membership.Membership
	queue      *job.Queue
	stripe     *gateway
	cfg        Config
	log        *slog.Logger
	checkouts  chan struct{} // bounds how many connections wait for a member's lock
	paid       map[Purpose]func(context.Context, Purchase) error
}

// New gives the billing of a database and teaches q its jobs. It fails when a
// key is missing or a webhook secret is too short to be one.
func New(db *pg.DB, c clock.Clock, m *membership.Membership, q *job.Queue, cfg Config, log *slog.Logger) (*Billing, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	b := &Billing{
		store: store{db}, db: db, clock: c, membership: m, queue: q, stripe: newGateway(db, cfg), cfg: cfg, log: log,
		checkouts: make(chan struct{}, 6), paid: map[Purpose]func(context.Context, Purchase) error{},
	}
	b.work(q)
	return b, nil
}

// Customer gives the id under which Stripe knows a member, or
// fault.ErrNotFound.
func (b *Billing) Customer(ctx context.Context, userID uuid.UUID) (string, error) {
	id, err := b.store.customerOf(ctx, userID)
	if pg.Missing(err) {
		return "", fault.ErrNotFound
	}
	return id, err
}
