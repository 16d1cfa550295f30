// Package membership knows what can be bought, what each member has bought or
// been given, and what that opens.
//
// Decisions: access is one pure function over everything a member has
// (AccessAt), never a flag that events switch; its answer is kept in
// member_access with the moment until which it holds, so that reading it is
// one row; money over time is an append-only ledger of differences, so that
// nothing that was counted is ever rewritten; what Stripe says arrives as
// whole snapshots, so that order and repetition of events do not matter.
package membership

import (
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/outbox"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// The faults of this domain.
var (
	// ErrPriceUnknown: no public plan or price has that name.
	ErrPriceUnknown = &fault.Error{Kind: fault.Invalid, Code: "price-unknown", Detail: "There is no such price on offer. See GET /v1/plans."}
)

// Membership is the domain. It is safe for concurrent use.
type Membership struct {
	store  store
	db     *pg.DB
	clock  clock.Clock
	outbox *outbox.Outbox
}

// New gives the membership of a database.
func New(db *pg.DB, c clock.Clock, o *outbox.Outbox) *Membership {
	return &Membership{store: store{db}, db: db, clock: c, outbox: o}
}
