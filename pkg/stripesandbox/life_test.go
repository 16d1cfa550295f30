package stripesandbox_test

import (
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76"

	"github.com/womens-tech-conservatory/conservatory/pkg/stripesandbox"
)

func TestCheckout(t *testing.T) {
	t.Parallel()
	t.Run("paying makes customer, card, subscription and paid invoice, and tells so in order", func(t *testing.T) {
		t.Parallel()
		r := serve(t, stripesandbox.Config{})
		session := r.session(r.price(1500, "month").ID, func(p *stripe.CheckoutSessionParams) {
			p.ClientReferenceID = new("member-7")
			p.AddMetadata("op", "1")
			p.SubscriptionData = &stripe.CheckoutSessionSubscriptionDataParams{Metadata: map[string]string{"member": "7"}}
		})
		if session.URL != r.url+"/pay/"+session.ID || session.AmountTotal != 1500 || session.Status != "open" {
			t.Fatalf("unexpected session %+v", session)
		}
		status, out := r.control("POST", "sessions/"+session.ID+"/pay", `{"card":"4242 4242 4242 4242"}`)
		if status != 200 || out["redirect_url"] != "https://app.test/done?s="+session.ID {
			t.Fatalf("paying answered %d %v", status, out)
		}
		params := &stripe.CheckoutSessionParams{}
		for _, path := range []string{"subscription.latest_invoice.charge", "customer", "line_items", "subscription.items.data.price"} {
			params.AddExpand(path)
		}
		done := must[*stripe.CheckoutSession](t)(r.stripe.CheckoutSessions.Get(session.ID, params))
		checkPaidSession(t, done)
		r.idle()
		inOrder(t, r.inbox.types(), "customer.created", "payment_method.attached", "invoice.created", "invoice.finalized",
			"customer.subscription.created", "charge.succeeded", "invoice.paid", "invoice.payment_succeeded",
			"customer.subscription.updated", "checkout.session.completed")
	})
}

func TestCheckoutLater(t *testing.T) {
	t.Parallel()
	t.Run("a trial needs no payment now and is charged when it ends", func(t *testing.T) {
		t.Parallel()
		r := serve(t, stripesandbox.Config{})
		session := r.session(r.price(900, "month").ID, func(p *stripe.CheckoutSessionParams) {
			p.SubscriptionData = &stripe.CheckoutSessionSubscriptionDataParams{TrialPeriodDays: stripe.Int64(14)}
		})
		_, out := r.control("POST", "sessions/"+session.ID+"/pay", `{"card":"4242424242424242"}`)
		if out["payment_status"] != "no_payment_required" {
			t.Errorf("payment status %v", out["payment_status"])
		}
		id := out["subscription"].(string)
		if sub := r.subscription(id); sub.Status != "trialing" || sub.LatestInvoice.AmountDue != 0 || !sub.LatestInvoice.Paid {
			t.Errorf("got %s, invoice of %d", sub.Status, sub.LatestInvoice.AmountDue)
		}
		r.box.Advance(15 * 24 * time.Hour)
		if sub := r.subscription(id); sub.Status != "active" || sub.LatestInvoice.AmountPaid != 900 || sub.CurrentPeriodStart != sub.TrialEnd {
			t.Errorf("after the trial: %s, paid %d", sub.Status, sub.LatestInvoice.AmountPaid)
		}
		r.idle()
		inOrder(t, r.inbox.types(), "customer.subscription.trial_will_end", "customer.subscription.updated", "invoice.paid")
	})
	t.Run("an unused session expires after a day", func(t *testing.T) {
		t.Parallel()
		r := serve(t, stripesandbox.Config{})
		session := r.session(r.price(900, "month").ID, nil)
		r.box.Advance(25 * time.Hour)
		got := must[*stripe.CheckoutSession](t)(r.stripe.CheckoutSessions.Get(session.ID, nil))
		if got.Status != "expired" || got.URL != "" {
			t.Errorf("got %s with url %q", got.Status, got.URL)
		}
		if status, out := r.control("POST", "sessions/"+session.ID+"/pay", `{"card":"4242424242424242"}`); status != 400 {
			t.Errorf("paying an expired session answered %d %v", status, out)
		}
		r.idle()
		inOrder(t, r.inbox.types(), "checkout.session.expired")
	})
}

func checkPaidSession(t testing.TB, s *stripe.CheckoutSession) {
	t.Helper()
	sub := s.Subscription
	if s.Status != "complete" || s.PaymentStatus != "paid" || s.ClientReferenceID != "member-7" || s.Metadata["op"] != "1" {
		t.Errorf("session %s %s %q %v", s.Status, s.PaymentStatus, s.ClientReferenceID, s.Metadata)
	}
	if s.Customer.Email == "" || s.LineItems.Data[0].AmountTotal != 1500 {
		t.Errorf("customer %q, line items %+v", s.Customer.Email, s.LineItems.Data)
	}
	if sub.Status != "active" || sub.Metadata["member"] != "7" || sub.Items.Data[0].Price.UnitAmountDecimal != 1500 {
		t.Errorf("subscription %s %v", sub.Status, sub.Metadata)
	}
	inv := sub.LatestInvoice
	if !inv.Paid || inv.AmountPaid != 1500 || inv.BillingReason != "subscription_create" || inv.StatusTransitions.PaidAt == 0 ||
		inv.Subscription.ID != sub.ID || inv.Lines.Data[0].Period.End != sub.CurrentPeriodEnd || inv.Charge.Amount != 1500 {
		t.Errorf("invoice %+v", inv)
	}
}

func TestDecline(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, body, status, code string }{
		{"a declined card leaves the session open", `{"card":"4000000000000002"}`, "declined", "card_declined"},
		{"so does a card without funds", `{"card":"pm_card_chargeDeclinedInsufficientFunds"}`, "declined", "card_declined"},
		{"a number that is not a test card is wrong", `{"card":"1234"}`, "declined", "incorrect_number"},
		{"a bank that asks needs an answer", `{"card":"4000002500003155"}`, "requires_action", "authentication_required"},
		{"a failed authentication is a decline", `{"card":"4000002500003155","authenticate":false}`, "declined", "payment_intent_authentication_failure"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := serve(t, stripesandbox.Config{})
			session := r.session(r.price(1500, "month").ID, nil)
			status, out := r.control("POST", "sessions/"+session.ID+"/pay", tc.body)
			if status != 402 || out["status"] != tc.status || out["code"] != tc.code {
				t.Errorf("got %d %v", status, out)
			}
			if status, out := r.control("POST", "sessions/"+session.ID+"/pay", `{"card":"4000002500003155","authenticate":true}`); status != 200 {
				t.Errorf("paying afterwards answered %d %v", status, out)
			}
		})
	}
	t.Run("the decline is an event and money did not move", func(t *testing.T) {
		t.Parallel()
		r := serve(t, stripesandbox.Config{})
		session := r.session(r.price(1500, "month").ID, nil)
		r.control("POST", "sessions/"+session.ID+"/pay", `{"card":"4000000000000002"}`)
		r.idle()
		inOrder(t, r.inbox.types(), "charge.failed", "payment_intent.payment_failed")
		for _, e := range r.box.Journal() {
			if e.Kind == "charge" && (e.Outcome != "failed" || e.DeclineCode != "generic_decline") {
				t.Errorf("journal says %+v", e)
			}
		}
	})
}

func TestRenewal(t *testing.T) {
	t.Parallel()
	t.Run("a renewal charges the card and rolls the period", func(t *testing.T) {
		t.Parallel()
		r := serve(t, stripesandbox.Config{})
		sub := r.member(r.price(1500, "month").ID, "4242424242424242")
		r.idle()
		r.inbox.clear()
		r.box.Advance(32 * 24 * time.Hour)
		next := r.subscription(sub.ID)
		if next.CurrentPeriodStart != sub.CurrentPeriodEnd || next.LatestInvoice.BillingReason != "subscription_cycle" ||
			!next.LatestInvoice.Paid || next.LatestInvoice.Created != sub.CurrentPeriodEnd {
			t.Errorf("renewed to %d, invoice %s at %d", next.CurrentPeriodStart, next.LatestInvoice.Status, next.LatestInvoice.Created)
		}
		r.idle()
		inOrder(t, r.inbox.types(), "invoice.created", "invoice.finalized", "charge.succeeded", "invoice.paid")
		if previous := r.inbox.events[3].Data.PreviousAttributes; r.inbox.events[3].Type != "customer.subscription.updated" || previous["current_period_end"] == nil {
			t.Errorf("event %s has previous attributes %v", r.inbox.events[3].Type, previous)
		}
	})
	t.Run("a failed renewal is past due, is tried again and can be paid", func(t *testing.T) {
		t.Parallel()
		r := serve(t, stripesandbox.Config{})
		sub := r.member(r.price(1500, "month").ID, "4000000000000341")
		r.box.Advance(time.Unix(sub.CurrentPeriodEnd, 0).Sub(r.box.Now()) + time.Hour)
		late := r.subscription(sub.ID)
		inv := late.LatestInvoice
		if late.Status != "past_due" || inv.Status != "open" || inv.AttemptCount != 1 || inv.NextPaymentAttempt != sub.CurrentPeriodEnd+3*86400 {
			t.Fatalf("got %s, invoice %s after %d attempts, next %d", late.Status, inv.Status, inv.AttemptCount, inv.NextPaymentAttempt)
		}
		r.box.Advance(3 * 24 * time.Hour)
		if inv = r.subscription(sub.ID).LatestInvoice; inv.AttemptCount != 2 || inv.NextPaymentAttempt != sub.CurrentPeriodEnd+5*86400 {
			t.Errorf("after three days: %d attempts, next %d", inv.AttemptCount, inv.NextPaymentAttempt)
		}
		_, err := r.stripe.Invoices.Pay(inv.ID, nil)
		if e := stripeError(t, err); e.Code != stripe.ErrorCodeCardDeclined || e.HTTPStatusCode != 402 || e.PaymentIntent == nil {
			t.Errorf("paying with the bad card: %+v", e)
		}
		r.control("POST", "customers/"+sub.Customer.ID+"/card", `{"card":"4242424242424242"}`)
		paid := must[*stripe.Invoice](t)(r.stripe.Invoices.Pay(inv.ID, nil))
		if got := r.subscription(sub.ID); paid.Status != "paid" || got.Status != "active" {
			t.Errorf("invoice %s, subscription %s", paid.Status, got.Status)
		}
		r.idle()
		inOrder(t, r.inbox.types(), "invoice.payment_failed", "customer.subscription.updated", "invoice.payment_failed", "invoice.paid", "customer.subscription.updated")
	})
	t.Run("after the last try the subscription is canceled", func(t *testing.T) {
		t.Parallel()
		r := serve(t, stripesandbox.Config{})
		sub := r.member(r.price(1500, "month").ID, "4000000000000341")
		r.box.Advance(40 * 24 * time.Hour)
		got := r.subscription(sub.ID)
		if got.Status != "canceled" || got.EndedAt != sub.CurrentPeriodEnd+7*86400 || got.CancellationDetails.Reason != "payment_failed" ||
			got.LatestInvoice.AttemptCount != 4 {
			t.Errorf("got %s at %d (%s) after %d attempts", got.Status, got.EndedAt, got.CancellationDetails.Reason, got.LatestInvoice.AttemptCount)
		}
	})
}

func TestCalendar(t *testing.T) {
	t.Parallel()
	start := time.Date(2027, 1, 31, 10, 0, 0, 0, time.UTC)
	r := serve(t, stripesandbox.Config{Now: func() time.Time { return start }})
	sub := r.member(r.price(1500, "month").ID, "4242424242424242")
	for _, want := range []string{"2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31"} {
		got := time.Unix(r.subscription(sub.ID).CurrentPeriodEnd, 0).UTC()
		if got.Format(time.DateOnly) != want {
			t.Errorf("the period ends %s, want %s", got, want)
		}
		r.box.Advance(got.Sub(r.box.Now()))
	}
	yearly := r.member(r.price(9000, "year").ID, "4242424242424242")
	if got := time.Unix(yearly.CurrentPeriodEnd, 0).UTC().Format(time.DateOnly); got != "2028-05-31" {
		t.Errorf("the year ends %s", got)
	}
}
