package billing

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/stripe/stripe-go/v76"
)

// createCoupon makes the coupon of an offer, under an id that is derived from
// the offer's. One that is there already is it.
func (g *gateway) createCoupon(ctx context.Context, o Offer) (string, error) {
	id := "conservatory_" + o.ID.String()
	params := &stripe.CouponParams{
		ID: new(id), Name: new(short(o.Slug)), Duration: new(string(o.Duration)), Metadata: map[string]string{"offer_id": o.ID.String()},
	}
	if o.Duration == Repeating {
		params.DurationInMonths = new(o.Months)
	}
	if o.PercentOff > 0 {
		params.PercentOff = new(float64(o.PercentOff)) // whole percents are exact
	} else {
		params.AmountOff, params.Currency = new(o.AmountOffMinor), new(o.Currency)
	}
	params.Context = ctx
	err := g.call(ctx, func() error {
		_, err := g.api.Coupons.New(params)
		return err
	})
	var e *stripe.Error
	if errors.As(err, &e) && e.Code == stripe.ErrorCodeResourceAlreadyExists {
		return id, nil
	}
	if err != nil {
		return "", fmt.Errorf("create a coupon: %w", err)
	}
	return id, nil
}

// short is what Stripe takes for the name of a coupon.
func short(name string) string { return name[:min(len(name), 40)] }

// discount gives a running subscription a coupon, in place of the one it has.
func (g *gateway) discount(ctx context.Context, id, coupon string, ask uuid.UUID) error {
	params := &stripe.SubscriptionParams{Coupon: new(coupon)}
	params.SetIdempotencyKey(keyFor("discount", ask.String()))
	return g.update(ctx, id, params)
}
