package billing

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
)

// GiveDiscount takes the discount of an offer off the running subscription of a
// member to the plan of the offer, in place of the one it has, from her next
// invoice on. It is not counted as taken up. An administrator may, and it is
// audited. When Stripe's answer is lost, doing it again goes on with the same.
// Faults: fault.ErrNotFound for somebody who is not there, ErrOfferUnknown for an
// offer that never was, ErrNoSubscription, ErrPaymentsUnavailable, with nothing
// changed.
func (b *Billing) GiveDiscount(ctx context.Context, actor account.Actor, userID uuid.UUID, slug string) error {
	if _, err := b.store.email(ctx, userID); err != nil {
		return known404(err)
	}
	o, found, err := b.store.offerBySlug(ctx, slug)
	if err != nil {
		return err
	}
	if !found {
		return ErrOfferUnknown.At(fault.Field{Pointer: "/offer", Code: "offer-unknown", Detail: "there is no such offer"})
	}
	if o.StripeCouponID == nil {
		return ErrPaymentsUnavailable.Because(fmt.Errorf("offer %s is not at Stripe yet", o.ID))
	}
	line, err := b.runningTo(ctx, userID, o.PlanID)
	if err != nil {
		return err
	}
	customer, err := b.Customer(ctx, userID)
	if err != nil {
		return err
	}
	ask, err := b.store.askDiscount(ctx, userID, line.ID, o.ID, actor.ID, b.clock.Now())
	if err != nil {
		return err
	}
	if err := b.stripe.discount(ctx, line.StripeID, *o.StripeCouponID, ask); err != nil {
		if failedForGood(err) {
			err = b.refused(ctx, ask, err)
		}
		return err
	}
	_, err = b.sync(ctx, userID, customer, "admin", time.Time{}, func(ctx context.Context) error {
		given, err := b.store.discountGiven(ctx, ask, b.clock.Now())
		if err != nil || !given {
			return err
		}
		return b.cfg.Auditor.Act(ctx, actor.ID, "discount.give", "user", userID.String(), map[string]string{"offer": slug, "subscription": line.ID.String()})
	})
	return err
}

// refused forgets an ask whose key would get the same answer for a day.
func (b *Billing) refused(ctx context.Context, ask uuid.UUID, cause error) error {
	if err := b.store.forgetDiscount(ctx, ask); err != nil {
		return err
	}
	if definite(cause) {
		return ErrNoSubscription.Because(cause) // it has ended meanwhile
	}
	return cause
}

func (b *Billing) runningTo(ctx context.Context, userID, planID uuid.UUID) (membership.Line, error) {
	running, err := b.running(ctx, userID)
	if err != nil {
		return membership.Line{}, err
	}
	for _, line := range running {
		if line.PlanID != nil && *line.PlanID == planID {
			return line, nil
		}
	}
	return membership.Line{}, ErrNoSubscription
}
