// Package sponsor is seats that an organisation pays for: an employer for women
// who return, a foundation.
//
// Decisions: a sponsorship is a number of seats that is invoiced outside; a seat
// is a grant without an end of its own, and the account is the member's: who speaks
// for the organisation sees how many seats are used, never by whom or for what, and
// no invitation shows whether it was accepted. An invitation works once; its link is
// derived from an id and a key and is not stored; one to an address is for the
// reader of that mail. Seats are counted in the row of the sponsorship by one guarded
// UPDATE in the transaction of the grant, so that none is given twice. A seat is free
// again when she gives it back, begins to pay herself, or leaves us. When a
// sponsorship ends, everything stays open to her for thirty days, and she is offered
// to go on with a card of her own. The member is always locked before the
// sponsorship.
package sponsor

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
	// ErrOver: not a link of ours, used, too old, for another address, or of a
	// sponsorship that has ended; nobody can tell which.
	ErrOver = &fault.Error{Kind: fault.Unknown, Code: "seat-over", Detail: "This invitation cannot be used, or not any more. Ask whoever gave it to you for a new one."}
	// ErrFull: all seats are used.
	ErrFull = &fault.Error{Kind: fault.Conflict, Code: "seats-taken", Detail: "All seats are taken at the moment. The invitation stays good; ask whoever gave it to you."}
	// ErrSeated: one seat each.
	ErrSeated = &fault.Error{Kind: fault.Conflict, Code: "seated-already", Detail: "You have a seat already."}
	// ErrInUse: fewer seats than are used.
	ErrInUse = &fault.Error{Kind: fault.Conflict, Code: "seats-in-use", Detail: "More seats are used than that."}
	// ErrEnded: it stays ended.
	ErrEnded = &fault.Error{Kind: fault.Conflict, Code: "sponsorship-ended", Detail: "This sponsorship has ended. Make a new one."}
)

const (
	goodFor   = 30 * 24 * time.Hour // an invitation
	stays     = 30 * 24 * time.Hour // what is open after the end of a sponsorship
	mostSeats = 10_000
)

// Config of a Sponsors.
type Config struct {
	Secret      []byte // at least 32 bytes: links are derived from it
	Previous    []byte // the secret before, whose links are taken too; may be nil
	FrontendURL string // begins the links
}

// Sponsors is this domain. It is safe for concurrent use.
type Sponsors struct {
	store      store
	db         *pg.DB
	clock      clock.Clock
	queue      *job.Queue
	mailer     *mail.Mailer
	account    *account.Account
	membership *membership.Membership
	log        *audit.Log
	tokens     onetime.Maker
	frontend   string
	letters    letters
}

// Parts are what the domain stands on.
type Parts struct {
	Account    *account.Account
	Membership *membership.Membership
	Audit      *audit.Log
}

// New makes the domain, takes back seats that are not needed any more, and
// registers its jobs on q, which must not have started yet.
func New(db *pg.DB, c clock.Clock, q *job.Queue, m *mail.Mailer, p Parts, cfg Config) (*Sponsors, error) {
	tokens, err := onetime.New(cfg.Secret, cfg.Previous)
	if err != nil {
		return nil, fmt.Errorf("the sponsor secret: %w", err)
	}
	if u, err := url.Parse(cfg.FrontendURL); err != nil || u.Host == "" {
		return nil, errors.New("the frontend URL is not http(s)://host")
	}
	s := &Sponsors{
		store: store{db}, db: db, clock: c, queue: q, mailer: m, account: p.Account, membership: p.Membership, log: p.Audit,
		tokens: tokens, frontend: strings.TrimRight(cfg.FrontendURL, "/"),
	}
	if err := s.letters.read(); err != nil {
		return nil, err
	}
	s.work(q)
	s.membership.OnGrantEnd(membership.Sponsor, s.release)
	return s, nil
}

func (s *Sponsors) record(ctx context.Context, by uuid.UUID, action string, of uuid.UUID, detail map[string]string) error {
	return s.log.Record(ctx, audit.Entry{ActorID: by, Action: action, TargetKind: "sponsorship", TargetID: of.String(), Detail: detail})
}
