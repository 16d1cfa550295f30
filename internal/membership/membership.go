// Package membership knows what can be bought, what each member has bought or
// been given, and what that opens.
//
// Decisions: access is one pure function over everything a member has
// (AccessAt), never a flag that events switch; its answer is kept in
// member_access with the moment until which it holds, so that reading it is
// one row; money over time is an append-only ledger of differences, so that
// nothing that was counted is ever rewritten; what Stripe says arrives as
// whole snapshots, so that order and repetition of events do not matter; when
// she begins to pay, a comp, a scholarship and a sponsored seat end, so that
// nobody pays for what is paid, while a gift and the reading of a graduate stay.
package membership

import (
	"context"

	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/outbox"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// The faults of this domain.
var (
	// ErrPriceUnknown: no public plan or price has that name.
	ErrPriceUnknown = &fault.Error{Kind: fault.Invalid, Code: "price-unknown", Detail: "There is no such price on offer. See GET /v1/plans."}
	// ErrPlanExists: a plan has that slug.
	ErrPlanExists = &fault.Error{Kind: fault.Conflict, Code: "plan-exists", Detail: "There is a plan with this slug, perhaps archived. See GET /v1/admin/plans."}
	// ErrAmount and ErrInterval: Stripe would not charge it.
	ErrAmount   = &fault.Error{Kind: fault.Invalid, Code: "amount-invalid", Detail: "This amount cannot be charged in its currency."}
	ErrInterval = &fault.Error{Kind: fault.Invalid, Code: "interval-invalid", Detail: "A price is paid at least once a year."}
)

// Membership is the domain. It is safe for concurrent use.
type Membership struct {
	store  store
	db     *pg.DB
	clock  clock.Clock
	outbox *outbox.Outbox
	ended  map[string]func(context.Context, Grant) error
}

// New gives the membership of a database.
func New(db *pg.DB, c clock.Clock, o *outbox.Outbox) *Membership {
	return &Membership{store: store{db}, db: db, clock: c, outbox: o, ended: map[string]func(context.Context, Grant) error{}}
}
