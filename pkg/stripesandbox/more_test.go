package stripesandbox_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v76"

	"github.com/womens-tech-conservatory/conservatory/pkg/stripesandbox"
)

func TestUpdates(t *testing.T) {
	t.Parallel()
	r := serve(t, stripesandbox.Config{})
	price := r.price(1000, "month")
	params := &stripe.CustomerParams{Name: new("Ada"), PreferredLocales: stripe.StringSlice([]string{"de", "en"})}
	params.AddMetadata("a", "1")
	customer := must[*stripe.Customer](t)(r.stripe.Customers.New(params))
	params = &stripe.CustomerParams{Phone: new("123"), Address: &stripe.AddressParams{City: new("Nairobi")}}
	params.AddMetadata("a", "")
	params.AddMetadata("b", "2")
	got := must[*stripe.Customer](t)(r.stripe.Customers.Update(customer.ID, params))
	if got.Name != "Ada" || got.Phone != "123" || got.Address.City != "Nairobi" || len(got.PreferredLocales) != 2 {
		t.Errorf("customer %+v", got)
	}
	if diff := cmp.Diff(map[string]string{"b": "2"}, got.Metadata); diff != "" {
		t.Error(diff)
	}
	must[*stripe.Product](t)(r.stripe.Products.Update(price.Product.ID, &stripe.ProductParams{Name: new("Better")}))
	products := r.stripe.Products.List(&stripe.ProductListParams{IDs: stripe.StringSlice([]string{price.Product.ID})})
	if !products.Next() || products.Product().Name != "Better" || products.Next() {
		t.Errorf("products by id: %+v", products.Product())
	}
	method := must[*stripe.PaymentMethod](t)(r.stripe.PaymentMethods.Attach("pm_card_visa", &stripe.PaymentMethodAttachParams{Customer: new(customer.ID)}))
	method = must[*stripe.PaymentMethod](t)(r.stripe.PaymentMethods.Update(method.ID, &stripe.PaymentMethodParams{Card: &stripe.PaymentMethodCardParams{ExpYear: stripe.Int64(2044)}}))
	if method.Card.ExpYear != 2044 || method.Card.Last4 != "4242" {
		t.Errorf("card %+v", method.Card)
	}
	r.idle()
	for _, e := range r.inbox.events {
		if e.Type == "customer.updated" {
			want := map[string]any{"phone": nil, "address": nil, "metadata": map[string]any{"a": "1", "b": nil}}
			if diff := cmp.Diff(want, e.Data.PreviousAttributes); diff != "" {
				t.Errorf("previous attributes: %s", diff)
			}
		}
	}
}

func TestInvoices(t *testing.T) {
	t.Parallel()
	r := serve(t, stripesandbox.Config{})
	sub := r.member(r.price(1250, "month").ID, "4000000000000341")
	r.box.Advance(32 * 24 * time.Hour)
	open := r.stripe.Invoices.List(&stripe.InvoiceListParams{Subscription: new(sub.ID), Status: new("open")})
	if !open.Next() {
		t.Fatal("no open invoice")
	}
	inv := open.Invoice()
	lines := r.stripe.Invoices.ListLines(&stripe.InvoiceListLinesParams{Invoice: new(inv.ID)})
	if !lines.Next() || lines.InvoiceLineItem().Amount != 1250 || lines.Next() {
		t.Errorf("lines %+v", lines.InvoiceLineItem())
	}
	must[*stripe.Invoice](t)(r.stripe.Invoices.Update(inv.ID, &stripe.InvoiceParams{Description: new("hello")}))
	if status, out := r.control("POST", "invoices/"+inv.ID+"/pay", `{"card":"4000000000009995"}`); status != 402 || out["decline_code"] != "insufficient_funds" {
		t.Errorf("a decline answered %d %v", status, out)
	}
	status, out := r.control("POST", "invoices/"+inv.ID+"/pay", `{"card":"4000002500003155"}`)
	if status != 402 || out["status"] != "requires_action" {
		t.Errorf("a card that asks answered %d %v", status, out)
	}
	status, out = r.control("POST", "invoices/"+inv.ID+"/pay", `{"card":"4000002500003155","authenticate":true}`)
	if status != 200 || out["subscription_status"] != "active" {
		t.Errorf("authenticating answered %d %v", status, out)
	}
	_, err := r.stripe.Invoices.Pay(inv.ID, nil)
	if e := stripeError(t, err); e.Code != "invoice_already_paid" {
		t.Errorf("paying twice gave %+v", e)
	}
	if _, err := r.stripe.Invoices.VoidInvoice(inv.ID, nil); err == nil {
		t.Error("a paid invoice was voided")
	}
	r.box.Advance(31 * 24 * time.Hour)
	late := r.subscription(sub.ID)
	void := must[*stripe.Invoice](t)(r.stripe.Invoices.VoidInvoice(late.LatestInvoice.ID, nil))
	if void.Status != "void" || void.StatusTransitions.VoidedAt == 0 || void.NextPaymentAttempt != 0 {
		t.Errorf("got %s", void.Status)
	}
	r.idle()
	inOrder(t, r.inbox.types(), "invoice.updated", "invoice.payment_action_required", "invoice.paid", "invoice.voided")
}

func TestTrialMoves(t *testing.T) {
	t.Parallel()
	r := serve(t, stripesandbox.Config{})
	sub := r.member(r.price(1000, "month").ID, "4242424242424242")
	free := r.box.Now().AddDate(0, 0, 60).Unix()
	got := must[*stripe.Subscription](t)(r.stripe.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{TrialEnd: new(free)}))
	if got.Status != "trialing" || got.CurrentPeriodEnd != free || got.TrialEnd != free {
		t.Errorf("a free time made it %s until %d", got.Status, got.CurrentPeriodEnd)
	}
	got = must[*stripe.Subscription](t)(r.stripe.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{TrialEndNow: new(true)}))
	if now := r.box.Now().Unix(); got.Status != "active" || got.CurrentPeriodStart > now || got.CurrentPeriodStart < now-60 {
		t.Errorf("ending it now made it %s from %d", got.Status, got.CurrentPeriodStart)
	}
	if inv := r.subscription(sub.ID).LatestInvoice; inv.AmountPaid != 1000 {
		t.Errorf("the invoice after it is %d", inv.AmountPaid)
	}
}

func TestPausedAndResumed(t *testing.T) {
	t.Parallel()
	r := serve(t, stripesandbox.Config{})
	for behavior, want := range map[string]stripe.InvoiceStatus{"mark_uncollectible": "uncollectible", "keep_as_draft": "draft"} {
		sub := r.member(r.price(1000, "month").ID, "4242424242424242")
		resumes := r.box.Now().AddDate(0, 0, 40).Unix()
		must[*stripe.Subscription](t)(r.stripe.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{
			PauseCollection: &stripe.SubscriptionPauseCollectionParams{Behavior: new(behavior), ResumesAt: new(resumes)},
		}))
		r.box.Advance(35 * 24 * time.Hour)
		if got := r.subscription(sub.ID); got.LatestInvoice.Status != want || got.Status != "active" {
			t.Errorf("%s: invoice %s, subscription %s", behavior, got.LatestInvoice.Status, got.Status)
		}
		r.box.Advance(35 * 24 * time.Hour)
		if got := r.subscription(sub.ID); got.PauseCollection != nil || got.LatestInvoice.Status != "paid" {
			t.Errorf("%s: after the pause the invoice is %s", behavior, got.LatestInvoice.Status)
		}
	}
}

func TestSessionLists(t *testing.T) {
	t.Parallel()
	r := serve(t, stripesandbox.Config{})
	price := r.price(1000, "month").ID
	sub := r.member(price, "4242424242424242")
	waiting := r.session(price, nil)
	find := func(params *stripe.CheckoutSessionListParams) (ids []string) {
		for it := r.stripe.CheckoutSessions.List(params); it.Next(); {
			ids = append(ids, it.CheckoutSession().ID)
		}
		return ids
	}
	if diff := cmp.Diff([]string{waiting.ID}, find(&stripe.CheckoutSessionListParams{Status: new("open")})); diff != "" {
		t.Error(diff)
	}
	if got := find(&stripe.CheckoutSessionListParams{Subscription: new(sub.ID), Customer: new(sub.Customer.ID)}); len(got) != 1 {
		t.Errorf("sessions of the subscription: %v", got)
	}
	lines := r.stripe.CheckoutSessions.ListLineItems(&stripe.CheckoutSessionListLineItemsParams{Session: new(waiting.ID)})
	if !lines.Next() || lines.LineItem().Price.ID != price {
		t.Errorf("line items %v", lines.Err())
	}
	if status, _ := r.control("POST", "sessions/"+waiting.ID+"/expire", ""); status != 200 {
		t.Errorf("expiring answered %d", status)
	}
	if status, _ := r.control("POST", "sessions/"+waiting.ID+"/expire", ""); status != 400 {
		t.Errorf("expiring again answered %d", status)
	}
	_, journal := r.control("GET", "journal", "")
	if len(journal["entries"].([]any)) != len(r.box.Journal()) {
		t.Error("the journal differs over HTTP")
	}
}

func TestSetupMode(t *testing.T) {
	t.Parallel()
	r := serve(t, stripesandbox.Config{})
	customer := must[*stripe.Customer](t)(r.stripe.Customers.New(nil))
	session := must[*stripe.CheckoutSession](t)(r.stripe.CheckoutSessions.New(&stripe.CheckoutSessionParams{
		Mode: new("setup"), Customer: new(customer.ID), SuccessURL: new("https://app.test/ok"), Currency: new("eur"),
	}))
	r.control("POST", "sessions/"+session.ID+"/pay", `{"card":"4242424242424242"}`)
	done := must[*stripe.CheckoutSession](t)(r.stripe.CheckoutSessions.Get(session.ID, nil))
	if done.Status != "complete" || done.SetupIntent == nil || done.PaymentStatus != "no_payment_required" {
		t.Errorf("got %s %s", done.Status, done.PaymentStatus)
	}
}

// Every object is complete JSON of the sandbox's version: no own fields leak, and
// events carry what the retrieval shows.
func TestNothingOfOursLeaks(t *testing.T) {
	t.Parallel()
	r := serve(t, stripesandbox.Config{})
	r.member(r.price(1250, "month").ID, "4000000000000341")
	r.box.Advance(45 * 24 * time.Hour)
	r.idle()
	for it := r.stripe.Events.List(&stripe.EventListParams{}); it.Next(); {
		e := it.Event()
		if e.APIVersion != "2023-10-16" || e.Livemode || !json.Valid(e.Data.Raw) || strings.Contains(string(e.Data.Raw), `"_`) {
			t.Errorf("event %s: %s", e.Type, e.Data.Raw)
		}
		if e.PendingWebhooks != 0 {
			t.Errorf("%s waits for %d webhooks", e.Type, e.PendingWebhooks)
		}
	}
	res, err := http.Get(r.url + "/_sandbox/style.css")
	if err != nil {
		t.Fatal(err)
	}
	if css := read(t, res); res.Header.Get("Content-Type") != "text/css; charset=utf-8" || css == "" {
		t.Error("no style sheet")
	}
}
