package billing

import (
	"context"
	"fmt"

	"github.com/stripe/stripe-go/v76"
)

// cancel ends a subscription at once, without proration and without a last
// invoice. One that has ended, or that Stripe does not know, is no error.
func (g *gateway) cancel(ctx context.Context, id string) error {
	return g.end(ctx, id, &stripe.SubscriptionCancelParams{})
}

func (g *gateway) end(ctx context.Context, id string, params *stripe.SubscriptionCancelParams) error {
	params.Context = ctx
	err := g.call(ctx, func() error {
		_, err := g.api.Subscriptions.Cancel(id, params)
		return err
	})
	if missing(err, "") {
		return nil
	}
	if err != nil {
		return fmt.Errorf("cancel subscription %s: %w", id, err)
	}
	return nil
}

// forgetCustomer empties a customer before it deletes it, because a deleted
// one can still be looked up in the dashboard. Cards and subscriptions go with
// it, invoices stay. One that is gone is no error.
// https://docs.stripe.com/api/customers/delete?api-version=2023-10-16
func (g *gateway) forgetCustomer(ctx context.Context, id string) error {
	params := &stripe.CustomerParams{
		Email: new(""), Name: new(""), Phone: new(""), Description: new(""),
		Address: &stripe.AddressParams{Line1: new(""), Line2: new(""), City: new(""), PostalCode: new(""), State: new(""), Country: new("")},
	}
	params.Context = ctx
	deletion := &stripe.CustomerParams{}
	deletion.Context = ctx
	err := g.call(ctx, func() error {
		_, err := g.api.Customers.Update(id, params)
		return err
	})
	if err == nil {
		err = g.call(ctx, func() error {
			_, err := g.api.Customers.Del(id, deletion)
			return err
		})
	}
	if missing(err, "") {
		return nil
	}
	if err != nil {
		return fmt.Errorf("forget customer %s: %w", id, err)
	}
	return nil
}
