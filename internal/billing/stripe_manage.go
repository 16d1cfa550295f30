package billing

import (
	"context"
	"errors"
	"fmt"

	"github.com/stripe/stripe-go/v76"
)

// endWithPeriod lets a subscription end with the period that is paid. What was
// planned to come after it is forgotten: Stripe lets no end be set beside it.
func (g *gateway) endWithPeriod(ctx context.Context, id, feedback string) error {
	err := g.setEnd(ctx, id, feedback)
	if !definite(err) {
		return err
	}
	there, found, lookErr := g.subscription(ctx, id)
	if lookErr != nil || !found || there.ScheduleID == "" {
		return errors.Join(err, lookErr)
	}
	if err := g.release(ctx, there.ScheduleID); err != nil {
		return err
	}
	return g.setEnd(ctx, id, feedback)
}

func (g *gateway) setEnd(ctx context.Context, id, feedback string) error {
	params := &stripe.SubscriptionParams{CancelAtPeriodEnd: new(true)}
	if feedback != "" {
		params.CancellationDetails = &stripe.SubscriptionCancellationDetailsParams{Feedback: new(feedback)}
	}
	return g.update(ctx, id, params)
}

// goOn takes back a planned end, in the way it was planned.
func (g *gateway) goOn(ctx context.Context, id string, atPeriodEnd bool) error {
	params := &stripe.SubscriptionParams{}
	if atPeriodEnd {
		params.CancelAtPeriodEnd = new(false)
	} else {
		params.AddExtra("cancel_at", "")
	}
	return g.update(ctx, id, params)
}

func (g *gateway) update(ctx context.Context, id string, params *stripe.SubscriptionParams) error {
	params.Context = ctx
	err := g.call(ctx, func() error {
		_, err := g.api.Subscriptions.Update(id, params)
		return err
	})
	if err != nil {
		return fmt.Errorf("change subscription %s: %w", id, err)
	}
	return nil
}

// portal opens a session of Stripe's page for customers.
func (g *gateway) portal(ctx context.Context, customer, returnURL string) (url string, err error) {
	params := &stripe.BillingPortalSessionParams{Customer: new(customer), ReturnURL: new(returnURL)}
	params.Context = ctx
	err = g.call(ctx, func() error {
		s, err := g.api.BillingPortalSessions.New(params)
		if err == nil {
			url = s.URL
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("open the portal for %s: %w", customer, err)
	}
	return url, nil
}
