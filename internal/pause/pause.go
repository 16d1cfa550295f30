// Package pause lets a member rest: life has come in between, she names the
// days, and nothing is billed while she is away. What she has paid for is there
// when she comes back, to the second, and so are her place and her progress.
//
// Decisions: a pause is a stretch of time from when until when, and everything
// else follows from it. Access asks the time (membership.AccessAt): during a
// pause she reads. The bill is moved at Stripe when the pause begins, by what
// the pause is long, and moved again when she comes back earlier: a trial that
// ends at the new moment, without proration, is Stripe's means that does this
// for a month and a year alike, keeps an old price, and bills by itself even
// if we are not there (a paused collection moves no date, a new subscription
// loses old prices). It is read as what it is, an active subscription that is
// paid: never as a trial, neither to her nor in the numbers (MRR stands beside
// as paused, and is no churn). The moment to which a bill is moved is written
// down before Stripe is asked, so that a crash is resumed and a renewal that
// came first is taken into account. A pause that cannot begin, because the
// membership has ended or an invoice is open by then, does not. Why she rests
// is told to nobody: not to those who lead her cohort, not to Stripe, not in
// the audit log.
package pause

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
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
	// ErrDays: the days do not go together, or are too far or too near.
	ErrDays = &fault.Error{Kind: fault.Invalid, Code: "pause-days", Detail: "A pause begins within the next 90 days and lasts from one week to six months."}
	// ErrPlanned: one at a time.
	ErrPlanned = &fault.Error{Kind: fault.Conflict, Code: "pause-planned", Detail: "A pause is planned or running already. Take it back or come back first: DELETE /v1/membership/pause."}
	// ErrLimit: two within a year.
	ErrLimit = &fault.Error{Kind: fault.Conflict, Code: "pause-limit", Detail: "You have paused twice within a year. If you need more time, please write to us: we will find a way."}
)

// Biller is what is asked of billing.
type Biller interface {
	Postponable(ctx context.Context, userID, subscriptionID uuid.UUID) (membership.Line, error)
	NextBill(ctx context.Context, userID, subscriptionID uuid.UUID) (billing.NextBill, error)
	Postpone(ctx context.Context, userID, subscriptionID uuid.UUID, to time.Time, key string, also func(context.Context) error) error
}

// Config is what Pause stands on.
type Config struct {
	Membership  *membership.Membership
	Billing     Biller
	Auditor     account.Auditor
	Mailer      *mail.Mailer
	FrontendURL string
}

// Pause is the domain. It is safe for concurrent use.
type Pause struct {
	store   store
	db      *pg.DB
	clock   clock.Clock
	queue   *job.Queue
	letters letters
	cfg     Config
}

// New gives the pauses of a database and teaches q its jobs.
func New(db *pg.DB, c clock.Clock, q *job.Queue, cfg Config) (*Pause, error) {
	l, err := parseLetters()
	if err != nil {
		return nil, err
	}
	p := &Pause{store: store{db}, db: db, clock: c, queue: q, letters: l, cfg: cfg}
	p.work(q)
	return p, nil
}

// Wish is what a member would like. The days are days of her own calendar.
type Wish struct {
	From         time.Time // the day; the zero time is today
	Until        time.Time // the day she is back
	Reason       string    // hers alone
	Subscription uuid.UUID // when she has several
}

// Current is a pause that is planned or runs, as its owner sees it.
type Current struct {
	From    time.Time
	Until   time.Time
	Reason  string
	BillsAt *time.Time // the next bill, once it is known
}

// Take plans a pause of a member, from today or a later day on: during it she
// reads, and nothing is billed. It is audited. Faults: ErrDays with the field,
// ErrPlanned, ErrLimit, those of billing.Postponable.
func (p *Pause) Take(ctx context.Context, actor account.Actor, w Wish) error {
	line, err := p.cfg.Billing.Postponable(ctx, actor.ID, w.Subscription)
	if err != nil {
		return err
	}
	zone, err := p.store.zone(ctx, actor.ID)
	if err != nil {
		return err
	}
	now := p.clock.Now()
	from, until, err := span(w, zone, now)
	if err != nil {
		return err
	}
	row := row{
		ID: pg.NewID(), UserID: actor.ID, SubscriptionID: line.ID, FromAt: from, UntilAt: until, Reason: w.Reason,
		State: planned, Dirty: true, CreatedAt: now, UpdatedAt: now,
	}
	return p.db.InTx(ctx, func(ctx context.Context) error {
		// Her row is locked from here on: two wishes at once are two wishes.
		if err := p.cfg.Membership.SetBreak(ctx, actor.ID, line.ID, &from, &until); err != nil {
			return err
		}
		if err := p.mayTake(ctx, actor.ID, from); err != nil {
			return err
		}
		if err := p.store.insert(ctx, row); err != nil {
			return err
		}
		if err := p.audit(ctx, actor, "membership.pause", row); err != nil {
			return err
		}
		return p.soon(ctx, row, now)
	})
}

// soon has a pause begun by a job, at once when its time has come.
func (p *Pause) soon(ctx context.Context, r row, now time.Time) error {
	if r.FromAt.After(now) {
		return nil // the watch finds it
	}
	return p.queue.Enqueue(ctx, settle{PauseID: r.ID})
}

func (p *Pause) mayTake(ctx context.Context, userID uuid.UUID, from time.Time) error {
	_, open, err := p.store.open(ctx, userID)
	if err != nil {
		return err
	}
	if open {
		return ErrPlanned
	}
	taken, err := p.store.taken(ctx, userID, from.AddDate(-1, 0, 0))
	if err != nil {
		return err
	}
	if taken >= perYear {
		return ErrLimit
	}
	return nil
}

// Return brings a member back now: everything is open to her, and the days of
// the pause that are left over are taken off the next bill's date again. A
// pause that has not begun, or has this very second and moved no bill, is taken
// back as if it had never been. Where none is, nothing changes. It is audited.
func (p *Pause) Return(ctx context.Context, actor account.Actor) error {
	return p.db.InTx(ctx, func(ctx context.Context) error {
		r, open, err := p.store.hold(ctx, actor.ID)
		if err != nil || !open {
			return err
		}
		now := p.clock.Now()
		if r.Asks == 0 && now.Before(r.FromAt.Add(time.Second)) {
			err = p.undo(ctx, r, takenBack, now)
		} else {
			err = p.end(ctx, r, now)
		}
		if err != nil {
			return err
		}
		return p.audit(ctx, actor, "membership.return", r)
	})
}

// end lets a running pause be over now; Stripe hears of it by a job.
func (p *Pause) end(ctx context.Context, r row, now time.Time) error {
	r.UntilAt = now.Truncate(time.Second)
	if r.UntilAt.Before(r.FromAt) {
		r.UntilAt = r.FromAt
	}
	if err := p.cfg.Membership.SetBreak(ctx, r.UserID, r.SubscriptionID, &r.FromAt, &r.UntilAt); err != nil {
		return err
	}
	if err := p.store.shorten(ctx, r.ID, r.UntilAt, now); err != nil {
		return err
	}
	return p.soon(ctx, r, now)
}

// undo takes a pause away that has moved no bill.
func (p *Pause) undo(ctx context.Context, r row, state string, now time.Time) error {
	err := p.cfg.Membership.SetBreak(ctx, r.UserID, r.SubscriptionID, nil, nil)
	if err != nil && !errors.Is(err, fault.ErrNotFound) {
		return err
	}
	return p.store.close(ctx, r.ID, state, now)
}

// Of gives the pause of a member that is planned or runs, or nil. One
// statement.
func (p *Pause) Of(ctx context.Context, userID uuid.UUID) (*Current, error) {
	r, open, err := p.store.open(ctx, userID)
	if err != nil || !open {
		return nil, err
	}
	return &Current{From: r.FromAt, Until: r.UntilAt, Reason: r.Reason, BillsAt: r.MovedAt}, nil
}

func (p *Pause) audit(ctx context.Context, actor account.Actor, action string, r row) error {
	err := p.cfg.Auditor.Act(ctx, actor.ID, action, "subscription", r.SubscriptionID.String(), map[string]string{
		"from": r.FromAt.UTC().Format(time.RFC3339), "until": r.UntilAt.UTC().Format(time.RFC3339),
	})
	if err != nil {
		return fmt.Errorf("record a pause: %w", err)
	}
	return nil
}
