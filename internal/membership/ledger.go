package membership

import (
	"context"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Series is one running sum in the ledger.
type Series string

// The series. A subscription that is past due is in mrr and at_risk, one with
// an end set in mrr and ending; trial and paused stand beside mrr.
const (
	MRR    Series = "mrr"
	AtRisk Series = "at_risk"
	Ending Series = "ending"
	Trial  Series = "trial"
	OnHold Series = "paused"
)

// ledgerOf says which sums a subscription belongs to as it is, in annualised
// minor units. A series that is not named is zero.
func ledgerOf(s Snapshot) map[Series]*big.Rat {
	annual, ok := new(big.Rat).SetString(s.AnnualMinor)
	if !ok || annual.Sign() == 0 {
		return nil
	}
	sums := map[Series]*big.Rat{}
	switch s.Status {
	case Trialing, Active, PastDue:
	default:
		return sums
	}
	switch {
	case s.CollectionPaused:
		sums[OnHold] = annual
		return sums
	case s.Status == Trialing:
		sums[Trial] = annual
		return sums
	case s.Status == PastDue:
		sums[AtRisk] = annual
	}
	sums[MRR] = annual
	if s.EndsAt() != nil {
		sums[Ending] = annual
	}
	return sums
}

// account is where in the ledger one sum of a subscription is kept.
type account struct {
	Series   Series
	Currency string
	PlanID   uuid.UUID // uuid.Nil for none
}

// differences is what must be added to the sums recorded so far, so that they
// become those of the subscription as it is; in a fixed order.
func differences(s Snapshot, recorded map[account]*big.Rat) []posting {
	plan := uuid.Nil
	if s.PlanID != nil {
		plan = *s.PlanID
	}
	want := map[account]*big.Rat{}
	for series, sum := range ledgerOf(s) {
		want[account{series, s.Currency, plan}] = sum
	}
	var found []posting
	for at, sum := range want {
		delta := new(big.Rat).Set(sum)
		if have := recorded[at]; have != nil {
			delta.Sub(delta, have)
		}
		found = append(found, posting{at, delta})
	}
	for at, have := range recorded {
		if want[at] == nil {
			found = append(found, posting{at, new(big.Rat).Neg(have)})
		}
	}
	found = slices.DeleteFunc(found, func(p posting) bool { return p.delta.Sign() == 0 })
	slices.SortFunc(found, func(a, b posting) int { return strings.Compare(a.key(), b.key()) })
	return found
}

type posting struct {
	account
	delta *big.Rat
}

func (p posting) key() string { return string(p.Series) + p.Currency + p.PlanID.String() }

// entry is one row of the ledger.
type entry struct {
	UserID         uuid.UUID
	SubscriptionID uuid.UUID
	PlanID         *uuid.UUID
	Series         Series
	Currency       string
	AnnualDelta    string
	EffectiveAt    time.Time
	RecordedAt     time.Time
	Source         string
	Reason         string
}

// TableName is the ledger.
func (entry) TableName() string { return "membership_ledger" }

// enter appends to the ledger what the change of a subscription means.
func (m *Membership) enter(ctx context.Context, sub Subscription, source string, effectiveAt time.Time) error {
	recorded, last, err := m.store.sums(ctx, sub.ID)
	if err != nil {
		return err
	}
	now := m.clock.Now()
	return m.post(ctx, sub.on(now), recorded, source, effective(sub.Snapshot, last, effectiveAt, now))
}

// post appends what is missing to the sums of a subscription, as of a moment.
func (m *Membership) post(ctx context.Context, sub Subscription, recorded map[account]*big.Rat, source string, at time.Time) error {
	reason, err := m.reasonOf(ctx, sub)
	if err != nil {
		return err
	}
	now := m.clock.Now()
	for _, d := range differences(sub.Snapshot, recorded) {
		e := entry{
			UserID: sub.UserID, SubscriptionID: sub.ID, Series: d.Series, Currency: d.Currency, AnnualDelta: Annual(d.delta),
			EffectiveAt: at, RecordedAt: now, Source: source, Reason: reason,
		}
		if d.PlanID != uuid.Nil {
			e.PlanID = &d.PlanID
		}
		if err := m.store.insertEntry(ctx, e); err != nil {
			return fmt.Errorf("enter %s into the ledger: %w", sub.StripeID, err)
		}
	}
	return nil
}

// effective is when a change counts: a first appearance when it began, an end
// when it ended. It is never before what is already recorded, and never in the
// future of our clock, where reports would miss it and where everything after
// it would have to wait: Stripe's clock may be ahead, in simulations by months.
func effective(s Snapshot, last *time.Time, at, now time.Time) time.Time {
	switch {
	case last == nil:
		at = s.StartedAt
	case s.Status.Terminal() && s.EndedAt != nil:
		at = *s.EndedAt
	}
	if at.After(now) {
		at = now
	}
	if last != nil && at.Before(*last) {
		return *last
	}
	return at
}

// Graduated is the reason of the end of a subscription that was a happy one:
// no churn.
const Graduated = "graduated"

// reasonOf is why a subscription is as it is: the reason of its end, or its
// status. Whoever asked for the end of hers as a graduate leaves happily; one
// whose card failed, or who took her money back, has a reason of her own.
func (m *Membership) reasonOf(ctx context.Context, s Subscription) (string, error) {
	switch {
	case !s.Status.Terminal():
		return string(s.Status), nil
	case s.CancellationReason == "" || s.CancellationReason == "cancellation_requested":
		if happy, err := m.store.graduated(ctx, s.UserID); err != nil || happy {
			return Graduated, err
		}
	}
	if s.CancellationReason != "" {
		return s.CancellationReason, nil
	}
	return string(s.Status), nil
}
