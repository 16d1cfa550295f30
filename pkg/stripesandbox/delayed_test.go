package stripesandbox_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76"

	"github.com/womens-tech-conservatory/conservatory/pkg/stripesandbox"
)

// once makes a session in which 25.00 are paid once.
func (r *rig) once(currency string) *stripe.CheckoutSession {
	r.t.Helper()
	return must[*stripe.CheckoutSession](r.t)(r.stripe.CheckoutSessions.New(&stripe.CheckoutSessionParams{
		Mode: new("payment"), SuccessURL: new("https://app.test/done"), CustomerEmail: new("ada@example.test"),
		LineItems: []*stripe.CheckoutSessionLineItemParams{{Quantity: stripe.Int64(1), PriceData: &stripe.CheckoutSessionLineItemPriceDataParams{
			Currency: new(currency), UnitAmount: stripe.Int64(2500),
			ProductData: &stripe.CheckoutSessionLineItemPriceDataProductDataParams{Name: new("A gift")},
		}}},
		PaymentIntentData: &stripe.CheckoutSessionPaymentIntentDataParams{Metadata: map[string]string{"purchase": "1"}},
	}))
}

func (r *rig) onceMore(id string) *stripe.CheckoutSession {
	r.t.Helper()
	params := &stripe.CheckoutSessionParams{}
	params.AddExpand("payment_intent.latest_charge")
	return must[*stripe.CheckoutSession](r.t)(r.stripe.CheckoutSessions.Get(id, params))
}

func TestTheMoneyOfABankAccountComesLater(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		account, currency, event string
		status                   stripe.CheckoutSessionPaymentStatus
		intent                   stripe.PaymentIntentStatus
		kind                     stripe.ChargePaymentMethodDetailsType
	}{
		"it comes":       {"000123456789", "usd", "checkout.session.async_payment_succeeded", "paid", "succeeded", "us_bank_account"},
		"it never comes": {"DE62 3704 0044 0532 0130 01", "eur", "checkout.session.async_payment_failed", "unpaid", "requires_payment_method", "sepa_debit"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := serve(t, stripesandbox.Config{})
			session := r.once(c.currency)
			if status, out := r.control("POST", "sessions/"+session.ID+"/pay", `{"card":"`+c.account+`"}`); status != http.StatusOK || out["payment_status"] != "unpaid" {
				t.Fatalf("%d %v", status, out)
			}
			waits := r.onceMore(session.ID)
			if waits.Status != "complete" || waits.PaymentStatus != "unpaid" || waits.PaymentIntent.Status != "processing" || waits.PaymentIntent.Metadata["purchase"] != "1" {
				t.Errorf("%+v", waits)
			}
			r.box.Advance(73 * time.Hour)
			r.idle()
			over := r.onceMore(session.ID)
			if over.PaymentStatus != c.status || over.PaymentIntent.Status != c.intent || over.PaymentIntent.LatestCharge.PaymentMethodDetails.Type != c.kind {
				t.Errorf("%+v, %+v", over, over.PaymentIntent)
			}
			inOrder(t, r.inbox.types(), "payment_intent.processing", "checkout.session.completed", c.event)
			if status, _ := r.control("POST", "sessions/"+session.ID+"/debit", ""); status != http.StatusBadRequest {
				t.Errorf("there is nothing to wait for any more: %d", status)
			}
		})
	}
}

func TestTheWaitForABankAccountCanBeEnded(t *testing.T) {
	t.Parallel()
	r := serve(t, stripesandbox.Config{})
	session := r.once("usd")
	if status, out := r.control("POST", "sessions/"+session.ID+"/pay", `{"card":"DE89370400440532013000"}`); status != http.StatusPaymentRequired {
		t.Errorf("dollars from a European account: %d %v", status, out)
	}
	r.control("POST", "sessions/"+session.ID+"/pay", `{"card":"000123456789"}`)
	if status, out := r.control("POST", "sessions/"+session.ID+"/debit", ""); status != http.StatusOK || out["payment_status"] != "paid" {
		t.Errorf("%d %v", status, out)
	}
}
