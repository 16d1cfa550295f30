// Package invitation brings people in: a letter to one address, or a link for
// whoever has it, that may open access, a seat in a cohort, or only the door.
//
// Decisions: an invitation names what it offers and nothing is given before
// somebody accepts; days of access are a grant that nobody pays for, a plan is
// only the one that checkout has chosen already, and a seat is taken where her
// access is full (with the days, or because she has paid), else it is hers to
// take like anybody's once it is. The link is derived from an id and a key and
// is not stored. The letter proves the address it was sent to, so the link of
// an invitation to one address is shown to nobody who is not reading that
// mail, least of all to whoever invites; an open link proves nothing, and is
// redeemed when the address of the sign-up that carries it is confirmed. Uses
// are counted by one guarded UPDATE, in the transaction of everything that
// redeeming gives. Whatever is wrong with a link, the answer is the same.
package invitation

import (
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/audit"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/cohort"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/job"
	"github.com/womens-tech-conservatory/conservatory/internal/mail"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// The faults of this domain.
var (
	// ErrOver: not a link of ours, used up, withdrawn, too old, or for somebody
	// else; nobody can tell which.
	ErrOver = &fault.Error{Kind: fault.Unknown, Code: "invitation-over", Detail: "This invitation cannot be used, or not any more. Ask whoever gave it to you for a new one."}
	// ErrSignIn: the address that was invited has an account.
	ErrSignIn = &fault.Error{Kind: fault.Conflict, Code: "invitation-sign-in", Detail: "This address has an account already. Please sign in, then accept the invitation."}
	// ErrClosed: it cannot be changed or sent any more.
	ErrClosed = &fault.Error{Kind: fault.Conflict, Code: "invitation-closed", Detail: "This invitation is used, withdrawn or too old. Make a new one."}
	// ErrNoAddress: an open link is not mailed.
	ErrNoAddress = &fault.Error{Kind: fault.Conflict, Code: "invitation-open", Detail: "This invitation is a link without an address, so there is nobody to write to."}
	// ErrSoon: the letter went out within the last hour.
	ErrSoon = &fault.Error{Kind: fault.TooMany, Code: "invitation-mailed", Detail: "This letter went out within the last hour. Please give it a little time."}
	// ErrMany: a coach has invited as many as she may in a day.
	ErrMany = &fault.Error{Kind: fault.TooMany, Code: "invitations-spent", Detail: "That are all the invitations for a day. Please invite more tomorrow."}
)

const (
	usualDays   = 7
	longestDays = 90
	mostUses    = 1000
	longestGift = 366       // days of access
	perDay      = 20        // invitations of one coach
	mailsPerDay = 3         // to one address, whoever invites it
	pause       = time.Hour // between two letters of one invitation
	keep        = 30 * 24 * time.Hour
)

// Config of an Invitation.
type Config struct {
	Secret      []byte // at least 32 bytes: links are derived from it
	Previous    []byte // the secret before, whose links are taken too; may be nil
	FrontendURL string // begins the links
}

// Invitation is this domain. It is safe for concurrent use.
type Invitation struct {
	store      store
	db         *pg.DB
	clock      clock.Clock
	queue      *job.Queue
	mailer     *mail.Mailer
	account    *account.Account
	membership *membership.Membership
	cohort     *cohort.Cohort
	log        *audit.Log
	secret     []byte
	previous   []byte // nil: none
	frontend   string
	letters    letters
}

// Parts are the domains an invitation opens.
type Parts struct {
	Account    *account.Account
	Membership *membership.Membership
	Cohort     *cohort.Cohort
	Audit      *audit.Log
}

// New makes the domain and registers its jobs on q, which must not have
// started yet.
func New(db *pg.DB, c clock.Clock, q *job.Queue, m *mail.Mailer, p Parts, cfg Config) (*Invitation, error) {
	if len(cfg.Secret) < 32 {
		return nil, errors.New("the invitation secret needs at least 32 bytes")
	}
	if u, err := url.Parse(cfg.FrontendURL); err != nil || u.Host == "" {
		return nil, errors.New("the frontend URL is not http(s)://host")
	}
	texts, err := parseLetters()
	if err != nil {
		return nil, err
	}
	i := &Invitation{
		store: store{db}, db: db, clock: c, queue: q, mailer: m, account: p.Account, membership: p.Membership, cohort: p.Cohort, log: p.Audit,
		secret: cfg.Secret, previous: cfg.Previous, frontend: strings.TrimRight(cfg.FrontendURL, "/"), letters: texts,
	}
	i.work(q)
	return i, nil
}
