// Package gift is months of membership that somebody buys for somebody else.
//
// Decisions: a gift is months at the monthly price of a plan, paid at once, and
// it has no card behind it: nothing is charged by itself when it ends. A letter
// brings it on the day the buyer chose, or she hands on the link herself; the
// link is derived from an id and a key and is not stored. It is redeemed once, by
// whoever holds the link and is signed in, by one guarded UPDATE in the
// transaction of the grant; it begins where what she has is paid until, so that no
// month is lost, and stays hers when she begins to pay. The buyer learns that it
// was accepted, and not by whom. It can be redeemed for a year after the day it is
// for. Until it is redeemed an administrator can take it back, which gives the
// buyer her money; after that it is the recipient's. Her address is forgotten with
// the end of the gift.
package gift

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/audit"
	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/job"
	"github.com/womens-tech-conservatory/conservatory/internal/mail"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/pkg/onetime"
)

// The faults of this domain.
var (
	// ErrOver: not a link of ours, not paid, redeemed, taken back or too old;
	// nobody can tell which.
	ErrOver = &fault.Error{Kind: fault.Unknown, Code: "gift-over", Detail: "This gift cannot be opened, or not any more. Ask whoever gave it to you."}
	// ErrPriceUnknown: gifts are made of whole months.
	ErrPriceUnknown = &fault.Error{Kind: fault.Invalid, Code: "price-unknown", Detail: "There is no monthly price of this name on offer. See GET /v1/plans."}
	// ErrSettled: it is paid, or over.
	ErrSettled = &fault.Error{Kind: fault.Conflict, Code: "gift-settled", Detail: "This gift is paid, or over. See GET /v1/gifts."}
	// ErrRedeemed: it is the recipient's.
	ErrRedeemed = &fault.Error{Kind: fault.Conflict, Code: "gift-redeemed", Detail: "This gift was accepted, so it is hers now."}
)

const (
	keptFor    = 12 // months, from the day it is for
	mostMonths = 24
	longest    = 366 * 24 * time.Hour // ahead a gift can be delivered
	payWithin  = 30 * 24 * time.Hour
	unpaidFor  = 90 * 24 * time.Hour // then one that was never paid is forgotten: no money for it is on its way any more
)

// Config of a Gift.
type Config struct {
	Secret      []byte // at least 32 bytes: links are derived from it
	Previous    []byte // the secret before, whose links are taken too; may be nil
	FrontendURL string // begins the links
}

// Gifts is this domain. It is safe for concurrent use.
type Gifts struct {
	store      store
	db         *pg.DB
	clock      clock.Clock
	queue      *job.Queue
	mailer     *mail.Mailer
	account    *account.Account
	membership *membership.Membership
	billing    *billing.Billing
	log        *audit.Log
	tokens     onetime.Maker
	frontend   string
	letters    letters
}

// Parts are what the domain stands on.
type Parts struct {
	Account    *account.Account
	Membership *membership.Membership
	Billing    *billing.Billing
	Audit      *audit.Log
}

// New makes the domain, takes the money of gifts, and registers its jobs on q,
// which must not have started yet.
func New(db *pg.DB, c clock.Clock, q *job.Queue, m *mail.Mailer, p Parts, cfg Config) (*Gifts, error) {
	tokens, err := onetime.New(cfg.Secret, cfg.Previous)
	if err != nil {
		return nil, fmt.Errorf("the gift secret: %w", err)
	}
	if u, err := url.Parse(cfg.FrontendURL); err != nil || u.Host == "" {
		return nil, errors.New("the frontend URL is not http(s)://host")
	}
	g := &Gifts{
		store: store{db}, db: db, clock: c, queue: q, mailer: m, account: p.Account, membership: p.Membership, billing: p.Billing, log: p.Audit,
		tokens: tokens, frontend: strings.TrimRight(cfg.FrontendURL, "/"),
	}
	if err := g.letters.read(); err != nil {
		return nil, err
	}
	g.work(q)
	g.billing.OnPaid(billing.ForGift, g.paid)
	return g, nil
}

func (g *Gifts) record(ctx context.Context, by uuid.UUID, action string, of Gift) error {
	e := audit.Entry{ActorID: by, Action: action, TargetKind: "gift", TargetID: of.ID.String()}
	if of.BuyerID != by {
		e.SubjectID = of.BuyerID
	}
	return g.log.Record(ctx, e)
}
