package billing

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/stripe/stripe-go/v76"
)

// swap is one item of a subscription going to another price. All of it is
// persisted, so that asking twice asks the same.
type swap struct {
	Quote        uuid.UUID
	Subscription string
	Item         string
	Price        string
	Quantity     int64
}

func (s swap) items() []*stripe.SubscriptionItemsParams {
	return []*stripe.SubscriptionItemsParams{{ID: new(s.Item), Price: new(s.Price), Quantity: new(s.Quantity)}}
}

// bill is an invoice that Stripe would write.
type bill struct {
	DueMinor   int64
	TotalMinor int64
	TaxMinor   int64
	Currency   string
	Lines      []QuoteLine
}

// preview gives the bill that a swap would lead to: at once, or with the next
// period. Prorated counts time from there; the zero time is now.
// https://docs.stripe.com/api/invoices/upcoming?api-version=2023-10-16
func (g *gateway) preview(ctx context.Context, s swap, proration string, prorated time.Time) (b bill, err error) {
	params := &stripe.InvoiceUpcomingParams{
		Subscription: new(s.Subscription), SubscriptionItems: s.items(), SubscriptionProrationBehavior: new(proration),
	}
	if !prorated.IsZero() {
		params.SubscriptionProrationDate = new(prorated.Unix())
	}
	params.Context = ctx
	err = g.call(ctx, func() error {
		i, err := g.api.Invoices.Upcoming(params)
		if err == nil {
			b = billOf(i)
		}
		return err
	})
	if err != nil {
		return bill{}, fmt.Errorf("preview a change of subscription %s: %w", s.Subscription, err)
	}
	return b, nil
}

func billOf(i *stripe.Invoice) bill {
	b := bill{DueMinor: i.AmountDue, TotalMinor: i.Total, TaxMinor: i.Tax, Currency: string(i.Currency), Lines: []QuoteLine{}}
	if i.Lines == nil {
		return b
	}
	for _, l := range i.Lines.Data {
		line := QuoteLine{Text: l.Description, AmountMinor: l.Amount, Proration: l.Proration}
		if l.Period != nil {
			line.From, line.Until = time.Unix(l.Period.Start, 0).UTC(), time.Unix(l.Period.End, 0).UTC()
		}
		b.Lines = append(b.Lines, line)
	}
	return b
}

// swapNow changes the price and charges the difference, or does neither. It
// gives what the invoice of it says is due.
func (g *gateway) swapNow(ctx context.Context, s swap, prorated time.Time) (charged *int64, err error) {
	params := &stripe.SubscriptionParams{
		Items: s.items(), ProrationBehavior: new("always_invoice"), PaymentBehavior: new("error_if_incomplete"),
		ProrationDate: new(prorated.Unix()),
	}
	params.AddExpand("latest_invoice")
	params.Context = ctx
	params.SetIdempotencyKey(keyFor("change", s.Quote.String()))
	err = g.call(ctx, func() error {
		sub, err := g.api.Subscriptions.Update(s.Subscription, params)
		if err == nil && sub.LatestInvoice != nil && sub.LatestInvoice.BillingReason == stripe.InvoiceBillingReasonSubscriptionUpdate {
			charged = new(sub.LatestInvoice.AmountDue)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("change the price of subscription %s: %w", s.Subscription, err)
	}
	return charged, nil
}

// swapLater plans the change for the end of the period, in place of what is
// planned already.
func (g *gateway) swapLater(ctx context.Context, s swap, there remote) error {
	id, start := there.ScheduleID, there.PhaseStart
	if id == "" {
		var err error
		if id, start, err = g.newSchedule(ctx, s); err != nil {
			return err
		}
	}
	params := &stripe.SubscriptionScheduleParams{
		EndBehavior: new("release"), ProrationBehavior: new("none"), Phases: []*stripe.SubscriptionSchedulePhaseParams{
			{StartDate: new(start), EndDate: new(unix(there.CurrentPeriodEnd)), Items: there.phase("", ""), ProrationBehavior: new("none")},
			{Items: there.phase(s.Item, s.Price), Iterations: stripe.Int64(1), ProrationBehavior: new("none")},
		},
	}
	if there.Coupon != "" {
		for _, phase := range params.Phases {
			phase.Coupon = new(there.Coupon)
		}
	}
	params.Context = ctx
	params.SetIdempotencyKey(keyFor("phases", s.Quote.String(), id))
	err := g.call(ctx, func() error {
		_, err := g.api.SubscriptionSchedules.Update(id, params)
		return err
	})
	if err != nil {
		return fmt.Errorf("plan a change of subscription %s: %w", s.Subscription, err)
	}
	return nil
}

// phase gives the items of a subscription, one of them at another price.
func (r remote) phase(itemID, price string) []*stripe.SubscriptionSchedulePhaseItemParams {
	var items []*stripe.SubscriptionSchedulePhaseItemParams
	for _, i := range r.Items {
		if i.ID == itemID {
			i.Price = price
		}
		items = append(items, &stripe.SubscriptionSchedulePhaseItemParams{Price: new(i.Price), Quantity: new(i.Quantity)})
	}
	return items
}

// newSchedule puts a subscription under a schedule and gives when its phase
// began.
func (g *gateway) newSchedule(ctx context.Context, s swap) (id string, start int64, err error) {
	params := &stripe.SubscriptionScheduleParams{FromSubscription: new(s.Subscription)}
	params.Context = ctx
	params.SetIdempotencyKey(keyFor("schedule", s.Quote.String()))
	err = g.call(ctx, func() error {
		made, err := g.api.SubscriptionSchedules.New(params)
		if err == nil {
			id, start = made.ID, phaseStart(made)
		}
		return err
	})
	if err != nil {
		return "", 0, fmt.Errorf("make a schedule of subscription %s: %w", s.Subscription, err)
	}
	return id, start, nil
}

func phaseStart(s *stripe.SubscriptionSchedule) int64 {
	if s.CurrentPhase == nil {
		return 0
	}
	return s.CurrentPhase.StartDate
}

// release lets a subscription go on as it is. A schedule that is not active
// any more is no error.
func (g *gateway) release(ctx context.Context, scheduleID string) error {
	params := &stripe.SubscriptionScheduleReleaseParams{}
	params.Context = ctx
	err := g.call(ctx, func() error {
		_, err := g.api.SubscriptionSchedules.Release(scheduleID, params)
		return err
	})
	if err != nil && !definite(err) {
		return fmt.Errorf("release schedule %s: %w", scheduleID, err)
	}
	return nil
}

// declined reports whether a card said no.
func declined(err error) bool {
	var e *stripe.Error
	return errors.As(err, &e) && e.HTTPStatusCode == http.StatusPaymentRequired
}
