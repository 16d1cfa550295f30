package membership

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// Status is the state of a subscription in Stripe's words.
// https://docs.stripe.com/api/subscriptions/object?api-version=2023-10-16#subscription_object-status
type Status string

// The statuses.
const (
	Incomplete        Status = "incomplete"
	IncompleteExpired Status = "incomplete_expired"
	Trialing          Status = "trialing"
	Active            Status = "active"
	PastDue           Status = "past_due"
	Unpaid            Status = "unpaid"
	Paused            Status = "paused" // a trial that ended without a card; not a paused collection
	Canceled          Status = "canceled"
)

// Terminal reports whether a subscription never leaves this status.
func (s Status) Terminal() bool { return s == Canceled || s == IncompleteExpired }

// Live reports whether a second subscription beside it would be one too many.
// One that is paused for want of a card bills nobody.
func (s Status) Live() bool { return !s.Terminal() && s != Paused }

// Snapshot is one subscription as Stripe has it at one moment.
type Snapshot struct {
	UserID             uuid.UUID
	StripeID           string
	PlanID             *uuid.UUID // nil when its price is not one of ours
	PriceID            *uuid.UUID
	Status             Status
	AmountMinor        int64  // of one interval, all items and quantities
	AnnualMinor        string // the same annualised, a decimal; see Annual
	Currency           string
	Interval           string
	IntervalCount      int64
	CurrentPeriodStart *time.Time
	CurrentPeriodEnd   *time.Time
	CancelAt           *time.Time
	CancelAtPeriodEnd  bool
	CollectionPaused   bool
	CanceledAt         *time.Time
	EndedAt            *time.Time
	TrialEnd           *time.Time
	CancellationReason string
	PayURL             string // where the open invoice can be paid, or empty
	StartedAt          time.Time
	ScheduleID         string     // at Stripe, of a change that is planned, or empty
	NextPriceID        *uuid.UUID // what follows the running period, when that is another price
	NextAt             *time.Time
}

// Subscription is a snapshot that was recorded.
type Subscription struct {
	ID uuid.UUID
	Snapshot
	BreakFrom  *time.Time // a rest, planned, running or over; see SetBreak
	BreakUntil *time.Time
	PlanGroup  *string // of its plan, while it runs
	Held       bool    // it is the one of its group; a second beside it is not
	UpdatedAt  time.Time
}

// Annual writes an annualised amount as Snapshot.AnnualMinor has it: with
// twelve decimals, the last rounded.
func Annual(r *big.Rat) string { return r.FloatString(12) }

// EndsAt is when it ended or is going to, nil when no end is known. Stripe
// says a scheduled end in two ways, and both count.
func (s Snapshot) EndsAt() *time.Time {
	switch {
	case s.EndedAt != nil:
		return s.EndedAt
	case s.Status.Terminal():
		return s.CanceledAt
	case s.CancelAt != nil:
		return s.CancelAt
	case s.CancelAtPeriodEnd:
		return s.CurrentPeriodEnd
	}
	return nil
}

// Same reports whether two snapshots say the same.
func (s Snapshot) Same(o Snapshot) bool {
	a, okA := new(big.Rat).SetString(s.AnnualMinor)
	b, okB := new(big.Rat).SetString(o.AnnualMinor)
	if !okA || !okB || a.Cmp(b) != 0 {
		return false
	}
	times := sameTime(s.CurrentPeriodStart, o.CurrentPeriodStart) && sameTime(s.CurrentPeriodEnd, o.CurrentPeriodEnd) &&
		sameTime(s.CancelAt, o.CancelAt) && sameTime(s.CanceledAt, o.CanceledAt) && sameTime(s.EndedAt, o.EndedAt) &&
		sameTime(s.TrialEnd, o.TrialEnd) && sameTime(s.NextAt, o.NextAt) && s.StartedAt.Equal(o.StartedAt)
	return times && s.UserID == o.UserID && s.StripeID == o.StripeID && sameID(s.PlanID, o.PlanID) && sameID(s.PriceID, o.PriceID) &&
		sameID(s.NextPriceID, o.NextPriceID) && s.ScheduleID == o.ScheduleID &&
		s.Status == o.Status && s.AmountMinor == o.AmountMinor && s.Currency == o.Currency &&
		s.Interval == o.Interval && s.IntervalCount == o.IntervalCount && s.CancelAtPeriodEnd == o.CancelAtPeriodEnd &&
		s.CollectionPaused == o.CollectionPaused && s.CancellationReason == o.CancellationReason && s.PayURL == o.PayURL
}

func sameTime(a, b *time.Time) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(*b)
}

func sameID(a, b *uuid.UUID) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// Record takes over one subscription as Stripe has it now: the row, the
// difference in the ledger, her access, and the word to her open streams, all
// in one transaction and one member at a time. When she begins to pay, the grants
// that give way to it end. What is already so changes
// nothing. A subscription that has ended stays as it ended, and never moves
// to another member.
//
// Source is the event id, or what found it; effectiveAt is when it happened,
// the zero time for now.
func (m *Membership) Record(ctx context.Context, s Snapshot, source string, effectiveAt time.Time) error {
	if effectiveAt.IsZero() {
		effectiveAt = m.clock.Now()
	}
	return m.db.InTx(ctx, func(ctx context.Context) error {
		if err := m.store.lockMember(ctx, s.UserID); err != nil {
			return err
		}
		before, sub, changed, err := m.keep(ctx, s)
		if err != nil {
			return fmt.Errorf("record subscription %s: %w", s.StripeID, err)
		}
		if changed {
			if err := m.cross(ctx, before, m.clock.Now()); err != nil {
				return err
			}
			if err := m.enter(ctx, sub, source, effectiveAt); err != nil {
				return err
			}
			if err := m.store.hold(ctx, s.UserID); err != nil {
				return err
			}
		}
		if changed && s.Paying() && !before.Paying() {
			if err := m.giveWay(ctx, s.UserID); err != nil {
				return err
			}
		}
		return m.recompute(ctx, s.UserID, changed)
	})
}

var errOtherMember = errors.New("membership: the subscription belongs to another member")

// Paying reports whether money comes in regularly: a trial, a pause and an
// unpaid end bring none.
func (s Snapshot) Paying() bool { return ledgerOf(s)[MRR] != nil }

// keep writes the row, gives it as it was and is, and reports whether that
// changed anything.
func (m *Membership) keep(ctx context.Context, s Snapshot) (old, sub Subscription, changed bool, err error) {
	old, err = m.store.subscription(ctx, s.StripeID)
	switch {
	case pg.Missing(err):
		old.ID = pg.NewID()
	case err != nil:
		return old, sub, false, err
	case old.UserID != s.UserID:
		return old, sub, false, errOtherMember
	case old.Status.Terminal() && old.Status != s.Status, old.Same(s):
		return old, old, false, nil
	}
	sub = old
	sub.Snapshot, sub.UpdatedAt = s, m.clock.Now()
	if err := m.store.upsertSubscription(ctx, sub); err != nil || old.UserID == s.UserID {
		return old, sub, true, err
	}
	return old, sub, true, m.store.spendTrial(ctx, s.UserID, s.StartedAt)
}

// Live reports whether she has a subscription, as far as we know, that a
// second one would double.
func (m *Membership) Live(ctx context.Context, userID uuid.UUID) (bool, error) {
	subs, err := m.store.subscriptions(ctx, userID)
	if err != nil {
		return false, err
	}
	for _, s := range subs {
		if s.Status.Live() {
			return true, nil
		}
	}
	return false, nil
}

// LiveIn is Live for the plans of one group.
func (m *Membership) LiveIn(ctx context.Context, userID uuid.UUID, group string) (bool, error) {
	return m.store.liveIn(ctx, userID, group)
}

// ByStripeID finds a recorded subscription; false when there is none.
func (m *Membership) ByStripeID(ctx context.Context, stripeID string) (Subscription, bool, error) {
	s, err := m.store.subscription(ctx, stripeID)
	if pg.Missing(err) {
		return Subscription{}, false, nil
	}
	return s, err == nil, err
}

// Unsettled gives up to limit members whose subscriptions may be waiting for
// word from Stripe: payment open, or an end or period that has passed. They
// come in the order of their ids, behind after.
func (m *Membership) Unsettled(ctx context.Context, after uuid.UUID, limit int) ([]uuid.UUID, error) {
	return m.store.unsettled(ctx, m.clock.Now(), after, limit)
}
