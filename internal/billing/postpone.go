package billing

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
)

// The faults of moving a bill.
var (
	// ErrTrialRuns: before the first bill there is none to move.
	ErrTrialRuns = &fault.Error{Kind: fault.Conflict, Code: "trial-runs", Detail: "Your trial is running, and nothing is billed yet. You can end it with PUT /v1/membership/cancellation."}
	// ErrChangePlanned: the planned price begins at a moment that would move.
	ErrChangePlanned = &fault.Error{Kind: fault.Conflict, Code: "change-planned", Detail: "A change of your plan is planned. Take it back first: DELETE /v1/membership/change."}
	// ErrBillMoved: until a moved bill, Stripe counts no time.
	ErrBillMoved = &fault.Error{Kind: fault.Conflict, Code: "bill-moved", Detail: "Your next bill was moved by your pause. You can change your plan once it has come."}
)

// NextBill is when a subscription is billed next, and so until when it is
// paid.
type NextBill struct {
	At    time.Time
	Moved bool // by Postpone, to this moment
}

// mayPostpone says why the next bill of a subscription cannot be moved as it
// is, or nil.
func mayPostpone(s membership.Snapshot) error {
	switch {
	case s.Status.Terminal():
		return ErrNoSubscription
	case s.Status == membership.PastDue, s.Status == membership.Unpaid, s.Status == membership.Incomplete:
		return ErrPaymentOpen
	case s.Status == membership.Trialing:
		return ErrTrialRuns
	case s.Status == membership.Paused, s.CollectionPaused:
		return ErrMembershipPaused
	case s.ScheduleID != "":
		return ErrChangePlanned
	}
	return nil
}

// Postponable finds the subscription of a member whose bills can be moved: the
// one that she names, or her only one. It asks nobody. Faults:
// ErrNoSubscription, ErrSubscriptionUnclear, fault.ErrNotFound,
// ErrPaymentOpen, ErrTrialRuns, ErrMembershipPaused, ErrMembershipEnding,
// ErrChangePlanned.
func (b *Billing) Postponable(ctx context.Context, userID, id uuid.UUID) (membership.Line, error) {
	line, err := b.meant(ctx, userID, id)
	if err != nil {
		return membership.Line{}, err
	}
	if line.EndsAt() != nil {
		return membership.Line{}, ErrMembershipEnding
	}
	return line, mayPostpone(line.Snapshot)
}

// NextBill asks Stripe when a subscription of a member is billed next. Faults:
// ErrNoSubscription, ErrPaymentOpen, ErrTrialRuns, ErrMembershipPaused,
// ErrChangePlanned, ErrPaymentsUnavailable.
func (b *Billing) NextBill(ctx context.Context, userID, id uuid.UUID) (NextBill, error) {
	line, err := b.meant(ctx, userID, id)
	if err != nil {
		return NextBill{}, err
	}
	there, found, err := b.stripe.subscription(ctx, line.StripeID)
	if err != nil {
		return NextBill{}, fmt.Errorf("look up a subscription: %w", err)
	}
	if !found || there.CurrentPeriodEnd == nil {
		return NextBill{}, ErrNoSubscription
	}
	return NextBill{*there.CurrentPeriodEnd, there.Moved}, mayPostpone(there.Snapshot)
}

// Postpone moves the next bill of a subscription, and with it the end of what
// is paid, to another moment; one that has passed is now. Nothing is charged
// or credited for it. The same key may be repeated. What comes of it is taken
// over, and also runs in the same transaction. Faults: ErrNoSubscription,
// ErrPaymentsUnavailable, after which nobody knows: look with NextBill.
func (b *Billing) Postpone(ctx context.Context, userID, id uuid.UUID, to time.Time, key string, also func(context.Context) error) error {
	line, err := b.meant(ctx, userID, id)
	if err != nil {
		return err
	}
	customer, err := b.Customer(ctx, userID)
	if err != nil {
		return err
	}
	err = b.db.Serial(ctx, "billing:user:"+userID.String(), func(ctx context.Context) error {
		return b.stripe.postpone(ctx, line.StripeID, to, b.clock.Now(), key)
	})
	if err != nil {
		return err
	}
	_, err = b.sync(ctx, userID, customer, "pause", time.Time{}, also)
	return err
}
