package stripesandbox_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v76"

	"github.com/womens-tech-conservatory/conservatory/pkg/stripesandbox"
)

func TestCatalogue(t *testing.T) {
	t.Parallel()
	r := serve(t, stripesandbox.Config{})
	product := must[*stripe.Product](t)(r.stripe.Products.New(&stripe.ProductParams{ID: new("prod_mine"), Name: new("Coaching")}))
	priced := func(key string, transfer bool) (*stripe.Price, error) {
		return r.stripe.Prices.New(&stripe.PriceParams{
			Product: new(product.ID), Currency: new("jpy"), UnitAmount: stripe.Int64(500),
			LookupKey: new(key), TransferLookupKey: new(transfer),
		})
	}
	first := must[*stripe.Price](t)(priced("one", false))
	if first.Type != "one_time" || first.Recurring != nil || first.UnitAmountDecimal != 500 || first.Product.ID != "prod_mine" {
		t.Errorf("price %+v", first)
	}
	if _, err := priced("one", false); stripeError(t, err).Param != "lookup_key" {
		t.Errorf("a taken lookup key gave %v", err)
	}
	second := must[*stripe.Price](t)(priced("one", true))
	must[*stripe.Price](t)(priced("two", false))
	it := r.stripe.Prices.List(&stripe.PriceListParams{LookupKeys: stripe.StringSlice([]string{"one"})})
	var found []string
	for it.Next() {
		found = append(found, it.Price().ID)
	}
	if diff := cmp.Diff([]string{second.ID}, found); diff != "" {
		t.Error(diff)
	}
	if _, err := r.stripe.Products.Del(product.ID, nil); err == nil {
		t.Error("a product with prices was deleted")
	}
	off := must[*stripe.Price](t)(r.stripe.Prices.Update(second.ID, &stripe.PriceParams{Active: new(false)}))
	if off.Active || !r.stripe.Prices.List(&stripe.PriceListParams{Active: new(false)}).Next() {
		t.Error("the price is still active")
	}
	if _, err := r.stripe.Prices.Update(second.ID, &stripe.PriceParams{UnitAmount: stripe.Int64(1)}); err == nil {
		t.Error("the amount of a price was changed")
	}
}

func TestPaymentMethods(t *testing.T) {
	t.Parallel()
	r := serve(t, stripesandbox.Config{})
	customer := must[*stripe.Customer](t)(r.stripe.Customers.New(nil))
	attach := func(id string) (*stripe.PaymentMethod, error) {
		return r.stripe.PaymentMethods.Attach(id, &stripe.PaymentMethodAttachParams{Customer: new(customer.ID)})
	}
	visa := must[*stripe.PaymentMethod](t)(attach("pm_card_visa"))
	if visa.Card.Last4 != "4242" || visa.Card.Brand != "visa" || visa.Customer.ID != customer.ID || visa.Type != "card" {
		t.Errorf("got %+v", visa.Card)
	}
	if _, err := attach("pm_card_visa_chargeDeclined"); stripeError(t, err).DeclineCode != "generic_decline" {
		t.Errorf("got %v", err)
	}
	own := must[*stripe.PaymentMethod](t)(r.stripe.PaymentMethods.New(&stripe.PaymentMethodParams{
		Type: new("card"), Card: &stripe.PaymentMethodCardParams{Token: new("tok_mastercard")},
	}))
	must[*stripe.PaymentMethod](t)(attach(own.ID))
	count := func() (n int) {
		for it := r.stripe.Customers.ListPaymentMethods(&stripe.CustomerListPaymentMethodsParams{Customer: new(customer.ID)}); it.Next(); {
			n++
		}
		return n
	}
	if count() != 2 {
		t.Errorf("%d payment methods", count())
	}
	if gone := must[*stripe.PaymentMethod](t)(r.stripe.PaymentMethods.Detach(own.ID, nil)); gone.Customer != nil || count() != 1 {
		t.Error("detaching left it there")
	}
}

func TestOneOffPayment(t *testing.T) {
	t.Parallel()
	r := serve(t, stripesandbox.Config{})
	session := must[*stripe.CheckoutSession](t)(r.stripe.CheckoutSessions.New(&stripe.CheckoutSessionParams{
		Mode: new("payment"), SuccessURL: new("https://app.test/ok"),
		LineItems: []*stripe.CheckoutSessionLineItemParams{{
			Quantity: stripe.Int64(2),
			PriceData: &stripe.CheckoutSessionLineItemPriceDataParams{
				Currency: new("usd"), UnitAmount: stripe.Int64(700),
				ProductData: &stripe.CheckoutSessionLineItemPriceDataProductDataParams{Name: new("Donation")},
			},
		}},
	}))
	r.control("POST", "sessions/"+session.ID+"/pay", `{"card":"5555555555554444"}`)
	params := &stripe.CheckoutSessionParams{}
	params.AddExpand("payment_intent.latest_charge")
	done := must[*stripe.CheckoutSession](t)(r.stripe.CheckoutSessions.Get(session.ID, params))
	charge := done.PaymentIntent.LatestCharge
	if done.PaymentStatus != "paid" || done.PaymentIntent.AmountReceived != 1400 || !charge.Paid || charge.PaymentMethodDetails.Card.Brand != "mastercard" {
		t.Fatalf("got %s, received %d", done.PaymentStatus, done.PaymentIntent.AmountReceived)
	}
	checkRefunds(t, r, charge.ID, done.PaymentIntent.ID)
	dispute := func(status string) (int, any) {
		code, out := r.control("POST", "charges/"+charge.ID+"/dispute", `{"status":"`+status+`"}`)
		return code, out["status"]
	}
	if code, _ := dispute("won"); code != 400 {
		t.Errorf("winning a dispute that is not there answered %d", code)
	}
	dispute("needs_response")
	if code, status := dispute("lost"); code != 200 || status != "lost" {
		t.Errorf("losing answered %d %v", code, status)
	}
	r.idle()
	inOrder(t, r.inbox.types(), "charge.succeeded", "checkout.session.completed", "charge.refunded", "charge.refunded",
		"charge.dispute.created", "charge.dispute.closed")
}

func checkRefunds(t testing.TB, r *rig, charge, intent string) {
	t.Helper()
	refund := func(amount int64) (*stripe.Refund, error) {
		return r.stripe.Refunds.New(&stripe.RefundParams{PaymentIntent: new(intent), Amount: new(amount)})
	}
	part := must[*stripe.Refund](t)(refund(400))
	if part.Status != "succeeded" || part.Charge.ID != charge {
		t.Errorf("refund %+v", part)
	}
	if _, err := refund(1001); stripeError(t, err).Param != "amount" {
		t.Errorf("refunding too much gave %v", err)
	}
	must[*stripe.Refund](t)(r.stripe.Refunds.New(&stripe.RefundParams{Charge: new(charge)}))
	if _, err := r.stripe.Refunds.New(&stripe.RefundParams{Charge: new(charge)}); stripeError(t, err).Code != "charge_already_refunded" {
		t.Errorf("refunding again gave %v", err)
	}
	params := &stripe.ChargeParams{}
	params.AddExpand("refunds")
	got := must[*stripe.Charge](t)(r.stripe.Charges.Get(charge, params))
	if !got.Refunded || got.AmountRefunded != 1400 || len(got.Refunds.Data) != 2 {
		t.Errorf("the charge says %d refunded in %d parts", got.AmountRefunded, len(got.Refunds.Data))
	}
	moved := map[string]int64{}
	for _, e := range r.box.Journal() {
		if e.Outcome == "succeeded" {
			moved[e.Kind] += e.Amount
		}
	}
	if diff := cmp.Diff(map[string]int64{"charge": 1400, "refund": 1400}, moved); diff != "" {
		t.Error(diff)
	}
}

func TestCoupons(t *testing.T) {
	t.Parallel()
	r := serve(t, stripesandbox.Config{})
	coupon := must[*stripe.Coupon](t)(r.stripe.Coupons.New(&stripe.CouponParams{ID: new("WELCOME"), PercentOff: stripe.Float64(100), Duration: new("once")}))
	if coupon.ID != "WELCOME" || coupon.PercentOff != 100 {
		t.Errorf("coupon %+v", coupon)
	}
	session := r.session(r.price(1000, "month").ID, func(p *stripe.CheckoutSessionParams) {
		p.Discounts = []*stripe.CheckoutSessionDiscountParams{{Coupon: new("WELCOME")}}
		p.PaymentMethodCollection = new("if_required")
	})
	_, out := r.control("POST", "sessions/"+session.ID+"/pay", "")
	if out["payment_status"] != "no_payment_required" {
		t.Fatalf("got %v", out)
	}
	sub := r.subscription(out["subscription"].(string))
	if sub.Status != "active" || sub.LatestInvoice.Total != 0 || sub.LatestInvoice.Subtotal != 1000 {
		t.Errorf("got %s, total %d of %d", sub.Status, sub.LatestInvoice.Total, sub.LatestInvoice.Subtotal)
	}
	r.control("POST", "customers/"+sub.Customer.ID+"/card", `{"card":"4242424242424242"}`)
	r.box.Advance(32 * 24 * time.Hour)
	if inv := r.subscription(sub.ID).LatestInvoice; inv.AmountPaid != 1000 || inv.Subscription.ID != sub.ID {
		t.Errorf("the second invoice is %d", inv.AmountPaid)
	}
}

func TestTrialWithoutCard(t *testing.T) {
	t.Parallel()
	for behavior, want := range map[string]stripe.SubscriptionStatus{"cancel": "canceled", "pause": "paused", "create_invoice": "past_due"} {
		t.Run(behavior+" at the end of a trial without a card", func(t *testing.T) {
			t.Parallel()
			r := serve(t, stripesandbox.Config{})
			customer := must[*stripe.Customer](t)(r.stripe.Customers.New(nil))
			sub := must[*stripe.Subscription](t)(r.subscribe(customer.ID, r.price(1000, "month").ID, func(p *stripe.SubscriptionParams) {
				p.TrialEnd = new(r.box.Now().AddDate(0, 0, 7).Unix())
				p.TrialSettings = &stripe.SubscriptionTrialSettingsParams{
					EndBehavior: &stripe.SubscriptionTrialSettingsEndBehaviorParams{MissingPaymentMethod: new(behavior)},
				}
			}))
			r.box.Advance(8 * 24 * time.Hour)
			if got := r.subscription(sub.ID); sub.Status != "trialing" || got.Status != want {
				t.Errorf("from %s to %s, want %s", sub.Status, got.Status, want)
			}
		})
	}
}

func TestPausedSubscriptionResumes(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		card string
		want stripe.SubscriptionStatus
		paid int64
	}{
		{"pm_card_visa", "active", 1000},
		{"pm_card_chargeCustomerFail", "past_due", 0},
	} {
		t.Run("with "+tc.card+" it is "+string(tc.want), func(t *testing.T) {
			t.Parallel()
			r := serve(t, stripesandbox.Config{})
			customer := must[*stripe.Customer](t)(r.stripe.Customers.New(nil))
			sub := must[*stripe.Subscription](t)(r.subscribe(customer.ID, r.price(1000, "month").ID, func(p *stripe.SubscriptionParams) {
				p.TrialPeriodDays = stripe.Int64(7)
				p.TrialSettings = &stripe.SubscriptionTrialSettingsParams{
					EndBehavior: &stripe.SubscriptionTrialSettingsEndBehaviorParams{MissingPaymentMethod: new("pause")},
				}
			}))
			_, err := r.stripe.Subscriptions.Resume(sub.ID, nil)
			if e := stripeError(t, err); e.HTTPStatusCode != 400 {
				t.Errorf("resuming what is not paused gave %d", e.HTTPStatusCode)
			}
			r.box.Advance(20 * 24 * time.Hour)
			if got := r.subscription(sub.ID); got.Status != "paused" || got.LatestInvoice.AmountDue != 0 {
				t.Fatalf("before it is resumed it is %s and owes %d", got.Status, got.LatestInvoice.AmountDue)
			}
			method := must[*stripe.PaymentMethod](t)(r.stripe.PaymentMethods.Attach(tc.card, &stripe.PaymentMethodAttachParams{Customer: new(customer.ID)}))
			must[*stripe.Subscription](t)(r.stripe.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{DefaultPaymentMethod: new(method.ID)}))
			resumed := r.box.Now().Unix()
			must[*stripe.Subscription](t)(r.stripe.Subscriptions.Resume(sub.ID, nil))
			got := r.subscription(sub.ID)
			if got.Status != tc.want || got.LatestInvoice.AmountPaid != tc.paid || got.CurrentPeriodStart < resumed {
				t.Errorf("resumed it is %s, has paid %d, and its period starts at %d", got.Status, got.LatestInvoice.AmountPaid, got.CurrentPeriodStart)
			}
			r.idle()
			inOrder(t, r.inbox.types(), "customer.subscription.paused", "customer.subscription.resumed")
		})
	}
}
