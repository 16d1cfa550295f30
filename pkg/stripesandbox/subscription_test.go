package stripesandbox_test

import (
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76"

	"github.com/womens-tech-conservatory/conservatory/pkg/stripesandbox"
)

// cardholder is a customer with a default card.
func (r *rig) cardholder(card string) *stripe.Customer {
	r.t.Helper()
	return must[*stripe.Customer](r.t)(r.stripe.Customers.New(&stripe.CustomerParams{
		Email:           new("grace@example.test"),
		PaymentMethod:   new(card),
		InvoiceSettings: &stripe.CustomerInvoiceSettingsParams{DefaultPaymentMethod: new(card)},
	}))
}

func (r *rig) subscribe(customer, price string, more func(*stripe.SubscriptionParams)) (*stripe.Subscription, error) {
	params := &stripe.SubscriptionParams{
		Customer: new(customer), Items: []*stripe.SubscriptionItemsParams{{Price: new(price)}},
	}
	params.AddExpand("latest_invoice")
	if more != nil {
		more(params)
	}
	return r.stripe.Subscriptions.New(params)
}

func TestSubscriptionEnds(t *testing.T) {
	t.Parallel()
	t.Run("at the period's end when asked to, unless it is taken back", func(t *testing.T) {
		t.Parallel()
		r := serve(t, stripesandbox.Config{})
		sub := r.member(r.price(1500, "month").ID, "4242424242424242")
		end := func(yes bool) *stripe.Subscription {
			return must[*stripe.Subscription](t)(r.stripe.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{CancelAtPeriodEnd: new(yes)}))
		}
		if got := end(true); got.CancelAt != sub.CurrentPeriodEnd || got.CanceledAt == 0 || got.Status != "active" {
			t.Errorf("got cancel_at %d, canceled_at %d, %s", got.CancelAt, got.CanceledAt, got.Status)
		}
		if got := end(false); got.CancelAt != 0 || got.CanceledAt != 0 || got.CancelAtPeriodEnd {
			t.Errorf("taking it back left %d %d", got.CancelAt, got.CanceledAt)
		}
		end(true)
		r.box.Advance(60 * 24 * time.Hour)
		got := r.subscription(sub.ID)
		if got.Status != "canceled" || got.EndedAt != sub.CurrentPeriodEnd || got.CancellationDetails.Reason != "cancellation_requested" {
			t.Errorf("got %s at %d because of %s", got.Status, got.EndedAt, got.CancellationDetails.Reason)
		}
		r.idle()
		inOrder(t, r.inbox.types(), "customer.subscription.updated", "customer.subscription.updated", "customer.subscription.deleted")
	})
	t.Run("at once when canceled, and once only", func(t *testing.T) {
		t.Parallel()
		r := serve(t, stripesandbox.Config{})
		sub := r.member(r.price(1500, "month").ID, "4242424242424242")
		got := must[*stripe.Subscription](t)(r.stripe.Subscriptions.Cancel(sub.ID, &stripe.SubscriptionCancelParams{
			CancellationDetails: &stripe.SubscriptionCancelCancellationDetailsParams{Feedback: new("too_expensive")},
		}))
		if got.Status != "canceled" || got.EndedAt == 0 || got.CancellationDetails.Feedback != "too_expensive" {
			t.Errorf("got %s at %d", got.Status, got.EndedAt)
		}
		_, err := r.stripe.Subscriptions.Cancel(sub.ID, nil)
		if e := stripeError(t, err); e.HTTPStatusCode != 404 {
			t.Errorf("canceling again gave %d", e.HTTPStatusCode)
		}
		_, err = r.stripe.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{CancelAtPeriodEnd: new(false)})
		if e := stripeError(t, err); e.HTTPStatusCode != 400 {
			t.Errorf("changing it gave %d", e.HTTPStatusCode)
		}
	})
	t.Run("with its customer", func(t *testing.T) {
		t.Parallel()
		r := serve(t, stripesandbox.Config{})
		sub := r.member(r.price(1500, "month").ID, "4242424242424242")
		gone := must[*stripe.Customer](t)(r.stripe.Customers.Del(sub.Customer.ID, nil))
		if got := r.subscription(sub.ID); !gone.Deleted || got.Status != "canceled" {
			t.Errorf("deleted %v, subscription %s", gone.Deleted, got.Status)
		}
		again := must[*stripe.Customer](t)(r.stripe.Customers.Get(sub.Customer.ID, nil))
		if !again.Deleted {
			t.Error("a deleted customer does not say so")
		}
	})
}

func TestSubscriptionByAPI(t *testing.T) {
	t.Parallel()
	r := serve(t, stripesandbox.Config{})
	price := r.price(1000, "month").ID
	t.Run("a good card makes it active", func(t *testing.T) {
		sub := must[*stripe.Subscription](t)(r.subscribe(r.cardholder("pm_card_visa").ID, price, nil))
		if sub.Status != "active" || sub.LatestInvoice.AmountPaid != 1000 {
			t.Errorf("got %s, paid %d", sub.Status, sub.LatestInvoice.AmountPaid)
		}
	})
	t.Run("a failing card leaves it incomplete for 23 hours", func(t *testing.T) {
		sub := must[*stripe.Subscription](t)(r.subscribe(r.cardholder("pm_card_chargeCustomerFail").ID, price, nil))
		if sub.Status != "incomplete" || sub.LatestInvoice.Status != "open" {
			t.Errorf("got %s, invoice %s", sub.Status, sub.LatestInvoice.Status)
		}
		r.box.Advance(24 * time.Hour)
		if got := r.subscription(sub.ID); got.Status != "incomplete_expired" || got.LatestInvoice.Status != "void" {
			t.Errorf("a day later %s, invoice %s", got.Status, got.LatestInvoice.Status)
		}
	})
	t.Run("error_if_incomplete makes nothing", func(t *testing.T) {
		customer := r.cardholder("pm_card_chargeCustomerFail").ID
		_, err := r.subscribe(customer, price, func(p *stripe.SubscriptionParams) { p.PaymentBehavior = new("error_if_incomplete") })
		if e := stripeError(t, err); e.HTTPStatusCode != 402 {
			t.Errorf("got %d", e.HTTPStatusCode)
		}
		if r.stripe.Subscriptions.List(&stripe.SubscriptionListParams{Customer: new(customer), Status: new("all")}).Next() {
			t.Error("a subscription was made")
		}
	})
	t.Run("default_incomplete waits for the invoice to be paid", func(t *testing.T) {
		sub := must[*stripe.Subscription](t)(r.subscribe(r.cardholder("pm_card_visa").ID, price, func(p *stripe.SubscriptionParams) {
			p.PaymentBehavior = new("default_incomplete")
		}))
		if sub.Status != "incomplete" {
			t.Errorf("got %s", sub.Status)
		}
		must[*stripe.Invoice](t)(r.stripe.Invoices.Pay(sub.LatestInvoice.ID, nil))
		if got := r.subscription(sub.ID); got.Status != "active" {
			t.Errorf("after paying %s", got.Status)
		}
	})
	t.Run("a backdated start pays the time since then", func(t *testing.T) {
		start := r.box.Now().AddDate(0, 0, -70).Unix()
		sub := must[*stripe.Subscription](t)(r.subscribe(r.cardholder("pm_card_visa").ID, price, func(p *stripe.SubscriptionParams) {
			p.BackdateStartDate = new(start)
		}))
		now := r.box.Now().Unix()
		if sub.StartDate != start || sub.CurrentPeriodStart > now || sub.CurrentPeriodEnd <= now || sub.LatestInvoice.AmountPaid != 3000 {
			t.Errorf("start %d, period %d-%d, paid %d", sub.StartDate, sub.CurrentPeriodStart, sub.CurrentPeriodEnd, sub.LatestInvoice.AmountPaid)
		}
	})
	t.Run("without a card there is nothing to charge", func(t *testing.T) {
		customer := must[*stripe.Customer](t)(r.stripe.Customers.New(nil))
		_, err := r.subscribe(customer.ID, price, nil)
		if e := stripeError(t, err); e.Code != "resource_missing" || e.HTTPStatusCode != 400 {
			t.Errorf("got %+v", e)
		}
	})
}

func TestSubscriptionChanges(t *testing.T) {
	t.Parallel()
	t.Run("another price is prorated on the next invoice", func(t *testing.T) {
		t.Parallel()
		start := time.Date(2027, 4, 1, 0, 0, 0, 0, time.UTC)
		r := serve(t, stripesandbox.Config{Now: func() time.Time { return start }})
		sub := r.member(r.price(1000, "month").ID, "4242424242424242")
		r.box.Advance(15 * 24 * time.Hour)
		dear := r.price(3000, "month")
		got := must[*stripe.Subscription](t)(r.stripe.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{
			Items: []*stripe.SubscriptionItemsParams{{ID: new(sub.Items.Data[0].ID), Price: new(dear.ID)}},
		}))
		if got.Items.Data[0].Price.ID != dear.ID || len(got.Items.Data) != 1 || got.CurrentPeriodEnd != sub.CurrentPeriodEnd {
			t.Errorf("items %+v", got.Items.Data)
		}
		r.box.Advance(16 * 24 * time.Hour)
		if inv := r.subscription(sub.ID).LatestInvoice; inv.AmountPaid != 3000+1500-500 || !inv.Lines.Data[0].Proration {
			t.Errorf("the next invoice is %d with %d lines", inv.AmountPaid, len(inv.Lines.Data))
		}
	})
	t.Run("another interval starts a new period now", func(t *testing.T) {
		t.Parallel()
		r := serve(t, stripesandbox.Config{})
		sub := r.member(r.price(1000, "month").ID, "4242424242424242")
		year := r.price(9000, "year")
		r.stripe.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{
			Items: []*stripe.SubscriptionItemsParams{{ID: new(sub.Items.Data[0].ID), Price: new(year.ID)}},
		})
		got := r.subscription(sub.ID)
		if got.LatestInvoice.BillingReason != "subscription_update" || got.LatestInvoice.AmountPaid > 9000 || got.CurrentPeriodEnd < sub.CurrentPeriodEnd+300*86400 {
			t.Errorf("invoice %s of %d, period ends %d", got.LatestInvoice.BillingReason, got.LatestInvoice.AmountPaid, got.CurrentPeriodEnd)
		}
	})
	t.Run("metadata merges, and paused collection stays active", func(t *testing.T) {
		t.Parallel()
		r := serve(t, stripesandbox.Config{})
		sub := r.member(r.price(1000, "month").ID, "4242424242424242")
		params := &stripe.SubscriptionParams{PauseCollection: &stripe.SubscriptionPauseCollectionParams{Behavior: new("void")}}
		params.AddMetadata("a", "1")
		r.stripe.Subscriptions.Update(sub.ID, params)
		params = &stripe.SubscriptionParams{}
		params.AddMetadata("b", "2")
		got := must[*stripe.Subscription](t)(r.stripe.Subscriptions.Update(sub.ID, params))
		if got.Metadata["a"] != "1" || got.Metadata["b"] != "2" || got.PauseCollection.Behavior != "void" {
			t.Errorf("metadata %v", got.Metadata)
		}
		r.box.Advance(32 * 24 * time.Hour)
		if got := r.subscription(sub.ID); got.Status != "active" || got.LatestInvoice.Status != "void" {
			t.Errorf("got %s, invoice %s", got.Status, got.LatestInvoice.Status)
		}
		params = &stripe.SubscriptionParams{}
		params.AddExtra("pause_collection", "")
		if got := must[*stripe.Subscription](t)(r.stripe.Subscriptions.Update(sub.ID, params)); got.PauseCollection != nil {
			t.Error("the pause cannot be lifted")
		}
	})
}
