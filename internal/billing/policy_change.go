package billing

import (
	"math/big"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
)

// The faults of a change of plan. None of them has changed anything.
var (
	// ErrPriceHeld: she pays that price already.
	ErrPriceHeld = &fault.Error{Kind: fault.Conflict, Code: "price-held", Detail: "You pay this price already. A change that is planned can be taken back with DELETE /v1/membership/change."}
	// ErrCurrencyOther: one customer pays in one currency.
	ErrCurrencyOther = &fault.Error{Kind: fault.Conflict, Code: "currency-other", Detail: "You pay in another currency. Choose a price in it, or write to us."}
	// ErrPaymentOpen: what is owed comes first.
	ErrPaymentOpen = &fault.Error{Kind: fault.Conflict, Code: "payment-open", Detail: "An invoice is open. Pay it first: GET /v1/membership says where."}
	// ErrMembershipPaused: while nothing is billed there is nothing to change.
	ErrMembershipPaused = &fault.Error{Kind: fault.Conflict, Code: "membership-paused", Detail: "Your membership is paused. Come back first, then change your plan."}
	// ErrMembershipEnding: what ends is not changed as well.
	ErrMembershipEnding = &fault.Error{Kind: fault.Conflict, Code: "membership-ending", Detail: "Your membership is going to end. Keep it first: DELETE /v1/membership/cancellation."}
	// ErrSubscriptionUnclear: several run, and she has not said which she means.
	ErrSubscriptionUnclear = &fault.Error{Kind: fault.Conflict, Code: "subscription-unclear", Detail: "You have several subscriptions. Say in subscription which one is meant."}
	// ErrChangeImpossible: what else the subscription has is paid at another rhythm.
	ErrChangeImpossible = &fault.Error{Kind: fault.Conflict, Code: "change-impossible", Detail: "This subscription has something beside the plan that is paid at another rhythm. Please write to us."}
)

// Effect says when a change of plan begins.
type Effect string

// The effects.
const (
	EffectNow       Effect = "now"
	EffectPeriodEnd Effect = "period_end"
)

// rate is what a plan costs and how often it is paid.
type rate struct {
	Plan   uuid.UUID
	Every  int64    // days or so
	Yearly *big.Rat // without discounts
}

// effectOf decides when a change begins: nobody loses what she has paid for.
// A dearer price begins at once, and so does a longer period of the same
// plan, for which she pays ahead; a cheaper price and a shorter period wait
// for the end of what is paid. A trial has paid nothing, so nothing waits.
func effectOf(has, wants rate, trialing bool) Effect {
	switch {
	case trialing:
		return EffectNow
	case wants.Every < has.Every:
		return EffectPeriodEnd
	case wants.Every > has.Every && wants.Plan == has.Plan:
		return EffectNow
	case wants.Yearly.Cmp(has.Yearly) < 0:
		return EffectPeriodEnd
	}
	return EffectNow
}

// mayChange says why a subscription cannot go to another plan as it is, or
// nil.
func mayChange(s membership.Snapshot) error {
	switch {
	case s.Status.Terminal():
		return ErrNoSubscription
	case s.Status == membership.PastDue, s.Status == membership.Unpaid, s.Status == membership.Incomplete:
		return ErrPaymentOpen
	case s.Status == membership.Paused, s.CollectionPaused:
		return ErrMembershipPaused
	case s.EndsAt() != nil:
		return ErrMembershipEnding
	}
	return nil
}
