package billing

import (
	"context"
	"fmt"
	"time"

	"github.com/stripe/stripe-go/v76"
)

// invoices fetches the newest invoices of a customer; every open one is among
// them, for a subscription has few.
func (g *gateway) invoices(ctx context.Context, customer string) ([]invoice, error) {
	params := &stripe.InvoiceListParams{Customer: new(customer)}
	params.AddExpand("data.payment_intent") // says whether only she can go on
	params.Context, params.Single, params.Limit = ctx, true, stripe.Int64(pageSize)
	var all []invoice
	err := g.call(ctx, func() error {
		it := g.api.Invoices.List(params)
		for it.Next() {
			all = append(all, invoiceOf(it.Invoice()))
		}
		return it.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("list the invoices of %s: %w", customer, err)
	}
	return all, nil
}

func invoiceOf(i *stripe.Invoice) invoice {
	v := invoice{
		StripeID: i.ID, Status: string(i.Status), BillingReason: string(i.BillingReason), AmountDueMinor: i.AmountDue,
		AmountPaidMinor: i.AmountPaid, Currency: string(i.Currency), Attempts: i.AttemptCount, HostedURL: i.HostedInvoiceURL,
		Number: i.Number, PDFURL: i.InvoicePDF, NextAttemptAt: when(i.NextPaymentAttempt),
		NeedsAction: i.PaymentIntent != nil && i.PaymentIntent.Status == stripe.PaymentIntentStatusRequiresAction,
	}
	if i.Subscription != nil {
		v.StripeSubscriptionID = i.Subscription.ID
	}
	if i.StatusTransitions != nil {
		v.PaidAt = when(i.StatusTransitions.PaidAt)
	}
	if created := when(i.Created); created != nil {
		v.CreatedAt = *created
	}
	return v
}

// remoteInvoice is an invoice as Stripe has it, and whose it is there.
type remoteInvoice struct {
	invoice

	Customer string
}

// invoicePage fetches one page of everybody's invoices that were made since a
// moment, behind the invoice after; next is empty on the last.
func (g *gateway) invoicePage(ctx context.Context, since time.Time, after string) (page []remoteInvoice, next string, err error) {
	params := &stripe.InvoiceListParams{CreatedRange: &stripe.RangeQueryParams{GreaterThanOrEqual: since.Unix()}}
	params.Context, params.Single, params.Limit = ctx, true, stripe.Int64(pageSize)
	if after != "" {
		params.StartingAfter = new(after)
	}
	err = g.call(ctx, func() error {
		it := g.api.Invoices.List(params)
		for it.Next() {
			v := remoteInvoice{invoice: invoiceOf(it.Invoice())}
			if c := it.Invoice().Customer; c != nil {
				v.Customer = c.ID
			}
			page = append(page, v)
		}
		if it.Err() == nil && it.Meta() != nil && it.Meta().HasMore && len(page) > 0 {
			next = page[len(page)-1].StripeID
		}
		return it.Err()
	})
	if err != nil {
		err = fmt.Errorf("list all invoices: %w", err)
	}
	return page, next, err
}
