package stripesandbox_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/webhook"

	"github.com/womens-tech-conservatory/conservatory/pkg/stripesandbox"
)

func TestDelivery(t *testing.T) {
	t.Parallel()
	t.Run("an event is sent again until it is accepted", func(t *testing.T) {
		t.Parallel()
		r := serve(t, stripesandbox.Config{})
		r.inbox.refuse = 1
		must[*stripe.Customer](t)(r.stripe.Customers.New(nil))
		r.idle()
		if got := r.inbox.types(); !slices.Equal(got, []string{"customer.created"}) {
			t.Errorf("got %v", got)
		}
		_, out := r.control("GET", "deliveries", "")
		first := out["deliveries"].([]any)[0].(map[string]any)
		if first["tries"] != 2.0 || first["state"] != "delivered" {
			t.Errorf("the delivery is %v", first)
		}
	})
	t.Run("held deliveries are sent on resume, or lost when dropped", func(t *testing.T) {
		t.Parallel()
		r := serve(t, stripesandbox.Config{})
		r.box.PauseDeliveries(true)
		must[*stripe.Customer](t)(r.stripe.Customers.New(nil))
		r.idle()
		if got := r.inbox.types(); len(got) != 0 {
			t.Errorf("while paused it sent %v", got)
		}
		r.box.PauseDeliveries(false)
		r.idle()
		r.box.PauseDeliveries(true)
		must[*stripe.Product](t)(r.stripe.Products.New(&stripe.ProductParams{Name: new("x")}))
		r.box.DropHeld()
		r.box.PauseDeliveries(false)
		r.idle()
		if got := r.inbox.types(); !slices.Equal(got, []string{"customer.created"}) {
			t.Errorf("got %v", got)
		}
		it := r.stripe.Events.List(&stripe.EventListParams{Type: new("product.created")})
		if !it.Next() {
			t.Error("a dropped event is not in the list of events")
		}
	})
}

func TestSpoiltDelivery(t *testing.T) {
	t.Parallel()
	t.Run("deliveries are duplicated and dropped on request", func(t *testing.T) {
		t.Parallel()
		r := serve(t, stripesandbox.Config{})
		r.control("POST", "deliveries", `{"duplicate":2,"drop_next":1,"reorder":3,"delay_ms":5}`)
		must[*stripe.Customer](t)(r.stripe.Customers.New(nil))
		r.idle()
		if got := len(r.inbox.types()); got != 2 {
			t.Errorf("got %d deliveries, want 3 copies less 1", got)
		}
	})
	t.Run("an event is redelivered on request", func(t *testing.T) {
		t.Parallel()
		r := serve(t, stripesandbox.Config{})
		must[*stripe.Customer](t)(r.stripe.Customers.New(nil))
		r.idle()
		r.control("POST", "events/"+r.inbox.events[0].ID+"/redeliver", "")
		if _, out := r.control("POST", "idle", `{"seconds":10}`); !out["idle"].(bool) {
			t.Errorf("not idle: %v", out)
		}
		if r.inbox.events[0].ID != r.inbox.events[1].ID {
			t.Error("another event was sent")
		}
	})
}

func TestWebhookEndpoints(t *testing.T) {
	t.Parallel()
	r := serve(t, stripesandbox.Config{})
	type seen struct {
		body   []byte
		header string
	}
	got := make(chan seen, 20)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		got <- seen{body, req.Header.Get("Stripe-Signature")}
	}))
	t.Cleanup(receiver.Close)
	endpoint := must[*stripe.WebhookEndpoint](t)(r.stripe.WebhookEndpoints.New(&stripe.WebhookEndpointParams{
		URL: new(receiver.URL), EnabledEvents: []*string{new("customer.*")}, APIVersion: new("2024-06-20"),
	}))
	must[*stripe.Product](t)(r.stripe.Products.New(&stripe.ProductParams{Name: new("not wanted")}))
	must[*stripe.Customer](t)(r.stripe.Customers.New(nil))
	r.idle()
	s := <-got
	if _, err := webhook.ConstructEvent(s.body, s.header, endpoint.Secret); err == nil {
		t.Error("stripe-go accepts an event of another version")
	}
	event, err := webhook.ConstructEventWithOptions(s.body, s.header, endpoint.Secret, webhook.ConstructEventOptions{IgnoreAPIVersionMismatch: true})
	if err != nil || event.Type != "customer.created" || event.APIVersion != "2024-06-20" || len(got) != 0 {
		t.Errorf("got %s of %s, %v, and %d more", event.Type, event.APIVersion, err, len(got))
	}
	if again := must[*stripe.WebhookEndpoint](t)(r.stripe.WebhookEndpoints.Get(endpoint.ID, nil)); again.Secret != "" || again.Status != "enabled" {
		t.Errorf("the secret is shown again: %q", again.Secret)
	}
	must[*stripe.WebhookEndpoint](t)(r.stripe.WebhookEndpoints.Update(endpoint.ID, &stripe.WebhookEndpointParams{Disabled: new(true)}))
	must[*stripe.Customer](t)(r.stripe.Customers.New(nil))
	r.idle()
	must[*stripe.WebhookEndpoint](t)(r.stripe.WebhookEndpoints.Del(endpoint.ID, nil))
	if r.stripe.WebhookEndpoints.List(nil).Next() || len(got) != 0 {
		t.Error("a disabled and deleted endpoint is still there")
	}
}

func TestRestart(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "state", "stripe.json")
	cfg := stripesandbox.Config{StateFile: file, SecretKey: testKey, WebhookURL: "http://127.0.0.1:1/hook", WebhookSecret: testSecret}
	before, err := stripesandbox.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(before)
	old := &rig{t: t, box: before, url: srv.URL, stripe: connect(srv.URL, testKey, 0)}
	sub := old.member(old.price(1500, "month").ID, "4242424242424242")
	before.Advance(10 * 24 * time.Hour)
	before.Start(t.Context())
	srv.Close()
	if err := before.Close(); err != nil {
		t.Fatal(err)
	}
	r := serve(t, stripesandbox.Config{StateFile: file})
	r.idle()
	if !slices.Contains(r.inbox.types(), "checkout.session.completed") {
		t.Errorf("deliveries did not survive: %v", r.inbox.types())
	}
	if len(r.box.Journal()) < len(before.Journal()) {
		t.Error("the journal is shorter")
	}
	if ahead := time.Until(r.box.Now()); ahead < 9*24*time.Hour {
		t.Errorf("the simulated clock fell back to %v ahead", ahead)
	}
	r.box.Advance(30 * 24 * time.Hour)
	if got := r.subscription(sub.ID); got.CurrentPeriodStart != sub.CurrentPeriodEnd || got.LatestInvoice.AmountPaid != 1500 {
		t.Errorf("the renewal after a restart: period from %d, paid %d", got.CurrentPeriodStart, got.LatestInvoice.AmountPaid)
	}
}

func TestStateIsSavedSoon(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "stripe.json")
	r := serve(t, stripesandbox.Config{StateFile: file})
	customer := must[*stripe.Customer](t)(r.stripe.Customers.New(nil))
	deadline, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	for {
		// A copy reads what a crash would leave behind.
		copied, err := stripesandbox.New(stripesandbox.Config{StateFile: file})
		if err != nil {
			t.Fatal(err)
		}
		srv := httptest.NewServer(copied)
		_, err = connect(srv.URL, testKey, 0).Customers.Get(customer.ID, nil)
		srv.Close()
		if err == nil {
			return
		}
		if deadline.Err() != nil {
			t.Fatal("the state was not saved")
		}
	}
}
