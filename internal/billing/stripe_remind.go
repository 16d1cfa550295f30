package billing

import (
	"context"
	"fmt"

	"github.com/stripe/stripe-go/v76"
)

// upcoming previews the next invoice; false when none will come.
// https://docs.stripe.com/api/invoices/upcoming?api-version=2023-10-16
func (g *gateway) upcoming(ctx context.Context, subscription string) (u Upcoming, comes bool, err error) {
	params := &stripe.InvoiceUpcomingParams{Subscription: new(subscription)}
	params.Context = ctx
	err = g.call(ctx, func() error {
		i, err := g.api.Invoices.Upcoming(params)
		if err == nil {
			u = Upcoming{DueMinor: i.AmountDue, Currency: string(i.Currency)}
		}
		return err
	})
	if code := said(err); code == string(stripe.ErrorCodeInvoiceUpcomingNone) || code == string(stripe.ErrorCodeResourceMissing) {
		return u, false, nil
	}
	if err != nil {
		return u, false, fmt.Errorf("preview the next invoice of %s: %w", subscription, err)
	}
	return u, true, nil
}

// card is the one that a running subscription is paid from, or else the one the
// customer has for all.
func (g *gateway) card(ctx context.Context, customer string) (c Card, found bool, err error) {
	list := &stripe.SubscriptionListParams{Customer: new(customer)}
	list.AddExpand("data.default_payment_method")
	list.Context, list.Single = ctx, true
	err = g.call(ctx, func() error {
		it := g.api.Subscriptions.List(list)
		for it.Next() && !found {
			c, found = cardOf(it.Subscription().DefaultPaymentMethod)
		}
		return it.Err()
	})
	if err != nil || found {
		return c, found, err
	}
	params := &stripe.CustomerParams{}
	params.AddExpand("invoice_settings.default_payment_method")
	params.Context = ctx
	err = g.call(ctx, func() error {
		who, err := g.api.Customers.Get(customer, params)
		if err == nil && who.InvoiceSettings != nil {
			c, found = cardOf(who.InvoiceSettings.DefaultPaymentMethod)
		}
		return err
	})
	if missing(err, "") {
		return Card{}, false, nil
	}
	if err != nil {
		return Card{}, false, fmt.Errorf("look at the card of %s: %w", customer, err)
	}
	return c, found, nil
}

func cardOf(m *stripe.PaymentMethod) (Card, bool) {
	if m == nil || m.Card == nil {
		return Card{}, false
	}
	return Card{ID: m.ID, Brand: string(m.Card.Brand), Last4: m.Card.Last4, ExpMonth: int(m.Card.ExpMonth), ExpYear: int(m.Card.ExpYear)}, true
}
