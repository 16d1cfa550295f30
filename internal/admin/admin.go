// Package admin is what those who run the community do with a member: keep her
// out for a time, let her in again, and look at what she sees when she asks
// for help.
//
// Decisions: there is one measure, in two degrees, and one at a time: it
// closes the community (membership.Ban: she still signs in, sees what she pays
// and takes her data with her) or the whole account (account.Suspension: to
// everybody outside it is as if there were none); the reason is for those who
// run the community, what she is told is a text of its own, and she is told in
// every case, with how to answer; nobody acts as a member: support looks at a
// list of what she sees, which holds nothing she wrote and is recorded. Who
// has a role is not closed out of the community alone, and who is closed out gets
// none (account.ErrCommunityClosed): an administrator would go on being one. It
// outlasts an erasure: to a new account with the address it is closed as it was.
package admin

import (
	"context"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/audit"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/cohort"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/forum"
	"github.com/womens-tech-conservatory/conservatory/internal/job"
	"github.com/womens-tech-conservatory/conservatory/internal/mail"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// The faults of this domain.
var (
	// ErrYourself is that she would shut herself out, or let herself in.
	ErrYourself = &fault.Error{Kind: fault.Conflict, Code: "yourself", Detail: "Nobody can close or open her own account or community here. Ask another administrator."}
	// ErrHasRole is that the community alone cannot be closed to somebody.
	ErrHasRole = &fault.Error{Kind: fault.Conflict, Code: "has-role", Detail: "She has a role, which would stay open to her. Take it from her first, or close her account."}
)

// Domains are what a member is looked at and acted on through.
type Domains struct {
	Account    *account.Account
	Membership *membership.Membership
	Cohort     *cohort.Cohort
	Forum      *forum.Forum
}

// Admin is this domain. It is safe for concurrent use.
type Admin struct {
	Domains
	db      *pg.DB
	clock   clock.Clock
	log     *audit.Log
	queue   *job.Queue
	mailer  *mail.Mailer
	letters letters
}

// New makes the domain and registers its jobs on q, which must not have
// started yet.
func New(db *pg.DB, c clock.Clock, q *job.Queue, m *mail.Mailer, l *audit.Log, d Domains) (*Admin, error) {
	texts, err := parseLetters()
	if err != nil {
		return nil, err
	}
	a := &Admin{Domains: d, db: db, clock: c, log: l, queue: q, mailer: m, letters: texts}
	a.work(q)
	return a, nil
}

func (a *Admin) record(ctx context.Context, by account.Actor, action string, member uuid.UUID, detail map[string]string) error {
	return a.log.Record(ctx, audit.Entry{ActorID: by.ID, Action: action, TargetKind: "user", TargetID: member.String(), Detail: detail})
}
