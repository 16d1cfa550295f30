package stripesandbox_test

import (
	"testing"

	"github.com/stripe/stripe-go/v76"

	"github.com/womens-tech-conservatory/conservatory/pkg/stripesandbox"
)

// deed is a call with an effect that must not happen twice.
type deed struct {
	name, method, path string
	// prepare returns the call and a count of its effects.
	prepare func(r *rig) (call func(stripe.Params) error, effects func() int)
}

func deeds() []deed {
	return []deed{
		{"making a customer", "POST", "/v1/customers", func(r *rig) (func(stripe.Params) error, func() int) {
			return func(p stripe.Params) error {
				_, err := r.stripe.Customers.New(&stripe.CustomerParams{Params: p})
				return err
			}, func() int { return customers(r) }
		}},
		{"paying an invoice", "POST", "/v1/invoices/", func(r *rig) (func(stripe.Params) error, func() int) {
			sub := must[*stripe.Subscription](r.t)(r.subscribe(r.cardholder("pm_card_visa").ID, r.price(700, "month").ID, func(p *stripe.SubscriptionParams) {
				p.PaymentBehavior = new("default_incomplete")
			}))
			return func(p stripe.Params) error {
				_, err := r.stripe.Invoices.Pay(sub.LatestInvoice.ID, &stripe.InvoicePayParams{Params: p})
				return err
			}, func() int { return r.money("charge", 700) }
		}},
		{"refunding a charge", "POST", "/v1/refunds", func(r *rig) (func(stripe.Params) error, func() int) {
			sub := r.member(r.price(700, "month").ID, "4242424242424242")
			return func(p stripe.Params) error {
				_, err := r.stripe.Refunds.New(&stripe.RefundParams{Params: p, Charge: new(sub.LatestInvoice.Charge.ID), Amount: stripe.Int64(300)})
				return err
			}, func() int { return r.money("refund", 300) }
		}},
		{"canceling a subscription", "DELETE", "/v1/subscriptions/", func(r *rig) (func(stripe.Params) error, func() int) {
			sub := r.member(r.price(700, "month").ID, "4242424242424242")
			return func(p stripe.Params) error {
				_, err := r.stripe.Subscriptions.Cancel(sub.ID, &stripe.SubscriptionCancelParams{Params: p})
				return err
			}, func() int { return r.events("customer.subscription.deleted") }
		}},
	}
}

// money counts the movements of an amount that succeeded.
func (r *rig) money(kind string, amount int64) (n int) {
	for _, e := range r.box.Journal() {
		if e.Kind == kind && e.Amount == amount && e.Outcome == "succeeded" {
			n++
		}
	}
	return n
}

func (r *rig) events(kind string) (n int) {
	for it := r.stripe.Events.List(&stripe.EventListParams{Type: new(kind)}); it.Next(); {
		n++
	}
	return n
}

// TestFaultMatrix orders every fault for every deed: the call fails once, has
// had its effect or not, and is never done twice when it is sent again.
func TestFaultMatrix(t *testing.T) {
	t.Parallel()
	for kind, done := range map[string]int{
		"429": 0, "500": 0, "503": 0, "commit_then_drop": 1, "reset_mid_body": 1, "malformed_json": 1,
	} {
		for _, d := range deeds() {
			t.Run(kind+" while "+d.name, func(t *testing.T) {
				t.Parallel()
				r := serve(t, stripesandbox.Config{})
				call, effects := d.prepare(r)
				if status, out := r.control("POST", "faults", `{"kind":"`+kind+`","method":"`+d.method+`","path":"`+d.path+`"}`); status != 200 {
					t.Fatalf("ordering it answered %v", out)
				}
				if err := call(stripe.Params{IdempotencyKey: new("key")}); err == nil {
					t.Fatal("the call succeeded")
				}
				if got := effects(); got != done {
					t.Fatalf("the failed call was done %d times, want %d", got, done)
				}
				key := "key"
				if kind == "500" {
					key = "another" // a 500 is kept for its key
				}
				err := call(stripe.Params{IdempotencyKey: new(key)})
				if gone := d.method == "DELETE" && done == 1; (err != nil) != gone {
					t.Errorf("sending it again gave %v", err)
				}
				if got := effects(); got != 1 {
					t.Errorf("after sending it again it was done %d times", got)
				}
			})
		}
	}
}
