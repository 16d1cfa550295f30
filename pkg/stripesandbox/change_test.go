package stripesandbox_test

import (
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76"

	"github.com/womens-tech-conservatory/conservatory/pkg/stripesandbox"
)

// started is a sandbox whose clock stands at the first of April.
func started(t *testing.T) *rig {
	t.Helper()
	start := time.Date(2027, 4, 1, 0, 0, 0, 0, time.UTC)
	return serve(t, stripesandbox.Config{Now: func() time.Time { return start }})
}

func (r *rig) preview(sub *stripe.Subscription, price, behavior string, at int64) *stripe.Invoice {
	r.t.Helper()
	params := &stripe.InvoiceUpcomingParams{Subscription: new(sub.ID)}
	if price != "" {
		params.SubscriptionItems = []*stripe.SubscriptionItemsParams{{ID: new(sub.Items.Data[0].ID), Price: new(price)}}
		params.SubscriptionProrationBehavior = new(behavior)
	}
	if at != 0 {
		params.SubscriptionProrationDate = new(at)
	}
	return must[*stripe.Invoice](r.t)(r.stripe.Invoices.Upcoming(params))
}

// upgrade is the update that a preview stands for.
func (r *rig) upgrade(sub *stripe.Subscription, price string, at int64) (*stripe.Subscription, error) {
	params := &stripe.SubscriptionParams{
		Items:             []*stripe.SubscriptionItemsParams{{ID: new(sub.Items.Data[0].ID), Price: new(price)}},
		ProrationBehavior: new("always_invoice"), PaymentBehavior: new("error_if_incomplete"), ProrationDate: new(at),
	}
	params.AddExpand("latest_invoice")
	return r.stripe.Subscriptions.Update(sub.ID, params)
}

func TestAPreviewIsTheInvoice(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		interval string
		amount   int64
		percent  float64
	}{
		"of a dearer price": {"month", 3333, 0}, "of another interval": {"year", 9900, 0}, "with a discount": {"month", 7700, 33.3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := started(t)
			sub := r.member(r.price(1000, "month").ID, "4242424242424242")
			if c.percent > 0 {
				coupon := must[*stripe.Coupon](t)(r.stripe.Coupons.New(&stripe.CouponParams{PercentOff: new(c.percent), Duration: new("forever")}))
				must[*stripe.Subscription](t)(r.stripe.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{Coupon: new(coupon.ID)}))
			}
			r.box.Advance(11*24*time.Hour + 1234*time.Second)
			at, dear := r.box.Now().Unix(), r.price(c.amount, c.interval).ID
			before := len(r.box.Journal())
			shown := r.preview(sub, dear, "always_invoice", at)
			if n := len(r.box.Journal()); n != before+1 || shown.ID != "" || r.subscription(sub.ID).Items.Data[0].Price.ID == dear {
				t.Fatalf("the preview left a trace: %+v", shown)
			}
			r.box.Advance(14 * time.Minute)
			got, err := r.upgrade(sub, dear, at)
			if err != nil {
				t.Fatal(err)
			}
			inv := got.LatestInvoice
			if inv.AmountPaid != shown.AmountDue || inv.Total != shown.Total || len(inv.Lines.Data) != len(shown.Lines.Data) || inv.Status != "paid" {
				t.Errorf("shown %d with %d lines, paid %d with %d", shown.AmountDue, len(shown.Lines.Data), inv.AmountPaid, len(inv.Lines.Data))
			}
			for i, line := range shown.Lines.Data {
				if line.Amount != inv.Lines.Data[i].Amount || line.Proration != inv.Lines.Data[i].Proration {
					t.Errorf("line %d: %+v", i, line)
				}
			}
		})
	}
}

func TestThePreviewOfNoChangeIsTheNextBill(t *testing.T) {
	t.Parallel()
	r := started(t)
	sub := r.member(r.price(1000, "month").ID, "4242424242424242")
	next := r.preview(sub, "", "", 0)
	if next.AmountDue != 1000 || next.PeriodEnd != sub.CurrentPeriodEnd || next.BillingReason != "upcoming" {
		t.Errorf("%d at %d", next.AmountDue, next.PeriodEnd)
	}
	must[*stripe.Subscription](t)(r.stripe.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{CancelAtPeriodEnd: new(true)}))
	_, err := r.stripe.Invoices.Upcoming(&stripe.InvoiceUpcomingParams{Customer: new(sub.Customer.ID)})
	if e := stripeError(t, err); e.HTTPStatusCode != 404 || e.Code != "invoice_upcoming_none" {
		t.Errorf("the last period has a next bill: %v", err)
	}
}

func TestACardThatSaysNoLeavesTheOldPrice(t *testing.T) {
	t.Parallel()
	r := started(t)
	sub := r.member(r.price(1000, "month").ID, "4000000000000341")
	r.box.Advance(24 * time.Hour)
	_, err := r.upgrade(sub, r.price(5000, "month").ID, r.box.Now().Unix())
	if e := stripeError(t, err); e.HTTPStatusCode != 402 || e.Code != "card_declined" {
		t.Errorf("%v", err)
	}
	if got := r.subscription(sub.ID); got.Items.Data[0].Price.UnitAmount != 1000 || got.Status != "active" || got.LatestInvoice.AmountPaid != 1000 {
		t.Errorf("%s at %d", got.Status, got.Items.Data[0].Price.UnitAmount)
	}
	_, err = r.upgrade(sub, r.price(5000, "month").ID, r.box.Now().Add(-48*time.Hour).Unix())
	if e := stripeError(t, err); e.HTTPStatusCode != 400 || e.Param != "proration_date" {
		t.Errorf("a moment before the period: %v", err)
	}
}

// scheduled puts another price behind the current period.
func (r *rig) scheduled(sub *stripe.Subscription, price string) *stripe.SubscriptionSchedule {
	r.t.Helper()
	made := must[*stripe.SubscriptionSchedule](r.t)(r.stripe.SubscriptionSchedules.New(&stripe.SubscriptionScheduleParams{FromSubscription: new(sub.ID)}))
	return must[*stripe.SubscriptionSchedule](r.t)(r.stripe.SubscriptionSchedules.Update(made.ID, &stripe.SubscriptionScheduleParams{
		EndBehavior: new("release"),
		Phases: []*stripe.SubscriptionSchedulePhaseParams{
			{
				StartDate: new(made.Phases[0].StartDate), EndDate: new(made.Phases[0].EndDate),
				Items: []*stripe.SubscriptionSchedulePhaseItemParams{{Price: new(made.Phases[0].Items[0].Price.ID), Quantity: stripe.Int64(1)}},
			},
			{Items: []*stripe.SubscriptionSchedulePhaseItemParams{{Price: new(price), Quantity: stripe.Int64(1)}}, Iterations: stripe.Int64(1), ProrationBehavior: new("none")},
		},
	}))
}

func TestAScheduleChangesThePriceWithThePeriod(t *testing.T) {
	t.Parallel()
	r := started(t)
	sub := r.member(r.price(9000, "year").ID, "4242424242424242")
	schedule := r.scheduled(sub, r.price(800, "month").ID)
	if got := r.subscription(sub.ID); got.Schedule == nil || got.Schedule.ID != schedule.ID || got.Items.Data[0].Price.UnitAmount != 9000 {
		t.Errorf("%+v", got.Schedule)
	}
	_, err := r.stripe.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{CancelAtPeriodEnd: new(true)})
	if e := stripeError(t, err); e.HTTPStatusCode != 400 {
		t.Errorf("its end is set beside the schedule: %v", err)
	}
	r.box.Advance(366 * 24 * time.Hour)
	got := r.subscription(sub.ID)
	if got.Items.Data[0].Price.UnitAmount != 800 || got.LatestInvoice.AmountPaid != 800 || got.CurrentPeriodStart != sub.CurrentPeriodEnd {
		t.Errorf("%d, paid %d", got.Items.Data[0].Price.UnitAmount, got.LatestInvoice.AmountPaid)
	}
	r.box.Advance(31 * 24 * time.Hour)
	if got := r.subscription(sub.ID); got.Schedule != nil || got.LatestInvoice.AmountPaid != 800 || got.Status != "active" {
		t.Errorf("behind its last phase: %+v, %s", got.Schedule, got.Status)
	}
	r.idle()
	inOrder(t, r.inbox.types(), "subscription_schedule.created", "subscription_schedule.updated", "subscription_schedule.updated",
		"customer.subscription.updated", "invoice.paid", "subscription_schedule.released")
}

func TestAScheduleIsTakenBackAndEnds(t *testing.T) {
	t.Parallel()
	r := started(t)
	sub := r.member(r.price(9000, "year").ID, "4242424242424242")
	schedule := r.scheduled(sub, r.price(800, "month").ID)
	if got := must[*stripe.SubscriptionSchedule](t)(r.stripe.SubscriptionSchedules.Release(schedule.ID, nil)); got.Status != "released" || got.ReleasedSubscription.ID != sub.ID {
		t.Errorf("%s", got.Status)
	}
	_, err := r.stripe.SubscriptionSchedules.Release(schedule.ID, nil)
	if e := stripeError(t, err); e.HTTPStatusCode != 400 {
		t.Errorf("released twice: %v", err)
	}
	r.box.Advance(366 * 24 * time.Hour)
	if got := r.subscription(sub.ID); got.LatestInvoice.AmountPaid != 9000 || got.Schedule != nil {
		t.Errorf("paid %d", got.LatestInvoice.AmountPaid)
	}
	again := r.scheduled(r.subscription(sub.ID), r.price(800, "month").ID)
	must[*stripe.SubscriptionSchedule](t)(r.stripe.SubscriptionSchedules.Cancel(again.ID, nil))
	if got := r.subscription(sub.ID); got.Status != "canceled" {
		t.Errorf("canceling the schedule left it %s", got.Status)
	}
	r.idle()
	inOrder(t, r.inbox.types(), "subscription_schedule.released", "customer.subscription.deleted", "subscription_schedule.canceled")
}
