// Package scholarship is money that members and friends give, and the months of
// membership it pays for.
//
// Decisions: a fund is a balance and the entries that explain it; each entry
// moves the balance by one guarded UPDATE in its own transaction, and the table
// itself refuses less than nothing, so that no two can spend the same money;
// money of a donation comes in with its purchase, once. An award reserves the
// whole of its months at the price of a plan and is a grant that gives way to
// paying; when it ends early the days that are left go back to the fund. What an
// applicant tells is hers: she reads it, and who decides does, which is
// recorded; it stands in no list. Nobody is turned away: an answer is a yes, not
// this time, or waiting, and she may ask again. The member is always locked
// before the fund.
package scholarship

import (
	"context"
	"strings"

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
)

// The faults of this domain.
var (
	// ErrShort: the fund has less than that.
	ErrShort = &fault.Error{Kind: fault.Conflict, Code: "fund-short", Detail: "The fund does not have that much at the moment."}
	// ErrFundClosed: it takes and gives nothing any more.
	ErrFundClosed = &fault.Error{Kind: fault.Conflict, Code: "fund-closed", Detail: "This fund is closed."}
	// ErrApplied: one at a time.
	ErrApplied = &fault.Error{Kind: fault.Conflict, Code: "applied-already", Detail: "You have asked already, and we are on it. See GET /v1/scholarship/applications."}
	// ErrDecided: somebody was faster, or she took it back.
	ErrDecided = &fault.Error{Kind: fault.Conflict, Code: "application-decided", Detail: "This application has its answer, or was taken back."}
	// ErrYourself: nobody decides about herself.
	ErrYourself = &fault.Error{Kind: fault.Conflict, Code: "yourself", Detail: "Nobody decides about her own application. Ask another administrator."}
	// ErrPriceUnknown: awards are valued by the month.
	ErrPriceUnknown = &fault.Error{Kind: fault.Invalid, Code: "price-unknown", Detail: "There is no monthly price of this name in the currency of the fund. See GET /v1/plans."}
)

// Scholarship is this domain. It is safe for concurrent use.
type Scholarship struct {
	store      store
	db         *pg.DB
	clock      clock.Clock
	queue      *job.Queue
	mailer     *mail.Mailer
	account    *account.Account
	membership *membership.Membership
	billing    *billing.Billing
	log        *audit.Log
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

// New makes the domain, takes the money of donations, takes back what awards
// leave over, and registers its jobs on q, which must not have started yet. Links
// in letters begin with frontend.
func New(db *pg.DB, c clock.Clock, q *job.Queue, m *mail.Mailer, p Parts, frontend string) (*Scholarship, error) {
	s := &Scholarship{
		store: store{db}, db: db, clock: c, queue: q, mailer: m, account: p.Account, membership: p.Membership, billing: p.Billing, log: p.Audit,
		frontend: strings.TrimRight(frontend, "/"),
	}
	if err := s.letters.read(); err != nil {
		return nil, err
	}
	s.work(q)
	s.billing.OnPaid(billing.ForDonation, s.receive)
	s.billing.OnPaid(billing.ForForward, s.receive)
	s.membership.OnGrantEnd(membership.Scholarship, s.takeBack)
	return s, nil
}

func (s *Scholarship) record(ctx context.Context, by account.Actor, action, kind string, id, subject uuid.UUID, detail map[string]string) error {
	return s.log.Record(ctx, audit.Entry{ActorID: by.ID, Action: action, TargetKind: kind, TargetID: id.String(), SubjectID: subject, Detail: detail})
}

func maker(by account.Actor) *uuid.UUID {
	if by.ID == uuid.Nil {
		return nil // an operator
	}
	return &by.ID
}
