// Package grant is what those who run the community give to a member without
// payment: time, and the reading that stays open to a graduate.
//
// Decisions: a comp has a reason, which she can read in the copy of her data,
// and an end or none; it ends by itself when she begins to pay (membership says
// what else does); to graduate is to leave happily: the community stays open to
// her for reading, without an end, and what runs goes on for as long as she
// likes; she is told by mail of all that is given and taken, and a week before
// something ends, unless it goes on by then. Whoever gives is recorded.
package grant

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/audit"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/job"
	"github.com/womens-tech-conservatory/conservatory/internal/mail"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// The faults of this domain.
var (
	// ErrOver: it has ended, and stays so.
	ErrOver = &fault.Error{Kind: fault.Conflict, Code: "grant-over", Detail: "This has ended already. Give something new."}
	// ErrNotGiven: its end is decided where it came from.
	ErrNotGiven = &fault.Error{Kind: fault.Conflict, Code: "grant-not-given", Detail: "Only what was given by hand can be given another end: this was paid for by somebody, or stays with a graduate."}
)

// Grant is this domain. It is safe for concurrent use.
type Grant struct {
	db         *pg.DB
	clock      clock.Clock
	queue      *job.Queue
	mailer     *mail.Mailer
	account    *account.Account
	membership *membership.Membership
	log        *audit.Log
	frontend   string
	letters    letters
}

// Parts are what the domain stands on.
type Parts struct {
	Account    *account.Account
	Membership *membership.Membership
	Audit      *audit.Log
}

// New makes the domain and registers its jobs on q, which must not have
// started yet. Links in letters begin with frontend.
func New(db *pg.DB, c clock.Clock, q *job.Queue, m *mail.Mailer, p Parts, frontend string) (*Grant, error) {
	g := &Grant{
		db: db, clock: c, queue: q, mailer: m, account: p.Account, membership: p.Membership, log: p.Audit,
		frontend: strings.TrimRight(frontend, "/"),
	}
	if err := g.letters.read(); err != nil {
		return nil, err
	}
	g.work(q)
	return g, nil
}

func (g *Grant) record(ctx context.Context, by account.Actor, action string, given membership.Grant) error {
	return g.log.Record(ctx, audit.Entry{
		ActorID: by.ID, Action: action, TargetKind: "user", TargetID: given.UserID.String(),
		Detail: map[string]string{"grant": given.ID.String(), "kind": given.Kind, "level": string(given.Level), "ends_at": day(given.EndsAt)},
	})
}

func maker(by account.Actor) *uuid.UUID {
	if by.ID == uuid.Nil {
		return nil // an operator
	}
	return &by.ID
}
