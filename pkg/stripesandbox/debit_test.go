package stripesandbox_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76"

	"github.com/womens-tech-conservatory/conservatory/pkg/stripesandbox"
)

func TestDirectDebit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, account, then, event, invoice string
		paid                                stripe.CheckoutSessionPaymentStatus
	}{
		{"pays three days later", "DE89370400440532013000", "active", "checkout.session.async_payment_succeeded", "paid", "paid"},
		{"fails three days later", "DE62370400440532013001", "incomplete_expired", "checkout.session.async_payment_failed", "void", "unpaid"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := serve(t, stripesandbox.Config{})
			session := r.session(r.price(1500, "month").ID, func(*stripe.CheckoutSessionParams) {})
			_, out := r.control("POST", "sessions/"+session.ID+"/pay", `{"card":"`+c.account+`"}`)
			if out["payment_status"] != "unpaid" || out["status"] != "complete" {
				t.Fatalf("at first: %v", out)
			}
			id := out["subscription"].(string)
			r.box.Advance(48 * time.Hour)
			if sub := r.subscription(id); sub.Status != "incomplete" {
				t.Errorf("while the bank thinks it is %s", sub.Status)
			}
			r.box.Advance(25 * time.Hour)
			sub := r.subscription(id)
			done := must[*stripe.CheckoutSession](t)(r.stripe.CheckoutSessions.Get(session.ID, &stripe.CheckoutSessionParams{}))
			if string(sub.Status) != c.then || string(sub.LatestInvoice.Status) != c.invoice || done.PaymentStatus != c.paid {
				t.Errorf("then it is %s, invoice %s, session %s", sub.Status, sub.LatestInvoice.Status, done.PaymentStatus)
			}
			r.idle()
			if types := r.inbox.types(); !slices.Contains(types, c.event) || !slices.Contains(types, "payment_intent.processing") {
				t.Errorf("told is %v", types)
			}
		})
	}

	t.Run("a renewal stays active while the bank thinks", func(t *testing.T) {
		t.Parallel()
		r := serve(t, stripesandbox.Config{})
		session := r.session(r.price(1500, "month").ID, func(*stripe.CheckoutSessionParams) {})
		_, out := r.control("POST", "sessions/"+session.ID+"/pay", `{"card":"DE89370400440532013000"}`)
		if _, ended := r.control("POST", "sessions/"+session.ID+"/debit", ``); ended["payment_status"] != "paid" {
			t.Errorf("the wait is ended at once: %v", ended)
		}
		id := out["subscription"].(string)
		r.box.Advance(32 * 24 * time.Hour)
		if sub := r.subscription(id); sub.Status != "active" || sub.LatestInvoice.Status != "open" {
			t.Errorf("%s, %s", sub.Status, sub.LatestInvoice.Status)
		}
		r.box.Advance(3 * 24 * time.Hour)
		if sub := r.subscription(id); sub.Status != "active" || sub.LatestInvoice.Status != "paid" {
			t.Errorf("%s, %s", sub.Status, sub.LatestInvoice.Status)
		}
	})
}
