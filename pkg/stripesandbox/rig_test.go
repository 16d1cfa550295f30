package stripesandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/client"
	"github.com/stripe/stripe-go/v76/webhook"

	"github.com/womens-tech-conservatory/conservatory/pkg/stripesandbox"
)

const (
	testKey    = "sk_test_sandbox"
	testSecret = "whsec_0123456789abcdef0123456789abcdef"
)

// rig is a sandbox behind HTTP, a stripe-go client and a webhook receiver.
type rig struct {
	t      testing.TB
	box    *stripesandbox.Sandbox
	url    string
	stripe *client.API
	inbox  *inbox
}

// inbox is a webhook receiver that checks signatures with stripe-go.
type inbox struct {
	mu     sync.Mutex
	events []stripe.Event
	bad    []error
	refuse int // answer 500 to this many more
}

func (i *inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	event, err := webhook.ConstructEvent(body, r.Header.Get("Stripe-Signature"), testSecret)
	i.mu.Lock()
	defer i.mu.Unlock()
	switch {
	case err != nil:
		i.bad = append(i.bad, err)
	case i.refuse > 0:
		i.refuse--
		w.WriteHeader(http.StatusInternalServerError)
	default:
		i.events = append(i.events, event)
	}
}

func (i *inbox) types() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	var types []string
	for _, e := range i.events {
		types = append(types, string(e.Type))
	}
	return types
}

func (i *inbox) clear() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.events = nil
}

func serve(t testing.TB, cfg stripesandbox.Config) *rig {
	t.Helper()
	in := &inbox{}
	receiver := httptest.NewServer(in)
	t.Cleanup(receiver.Close)
	cfg.SecretKey, cfg.WebhookURL, cfg.WebhookSecret = testKey, receiver.URL, testSecret
	box, err := stripesandbox.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(box)
	t.Cleanup(srv.Close)
	t.Cleanup(func() {
		if err := box.Close(); err != nil {
			t.Error(err)
		}
	})
	box.SetBaseURL(srv.URL)
	box.Start(t.Context())
	return &rig{t: t, box: box, url: srv.URL, stripe: connect(srv.URL, testKey, 0), inbox: in}
}

func connect(url, key string, retries int64) *client.API {
	backend := stripe.GetBackendWithConfig(stripe.APIBackend, &stripe.BackendConfig{
		URL: new(url), MaxNetworkRetries: new(retries),
		LeveledLogger: &stripe.LeveledLogger{Level: stripe.LevelNull},
		HTTPClient:    &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}},
	})
	return client.New(key, &stripe.Backends{API: backend, Uploads: backend, Connect: backend})
}

// idle waits until every webhook is delivered.
func (r *rig) idle() {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 15*time.Second)
	defer cancel()
	if err := r.box.WaitIdle(ctx); err != nil {
		r.t.Fatal(err)
	}
	r.inbox.mu.Lock()
	defer r.inbox.mu.Unlock()
	for _, err := range r.inbox.bad {
		r.t.Errorf("a webhook was not acceptable: %v", err)
	}
}

// control calls a control operation and returns status and decoded body.
func (r *rig) control(method, path, body string) (int, map[string]any) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.url+"/_sandbox/"+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var buf bytes.Buffer
	if _, err := buf.ReadFrom(res.Body); err != nil {
		r.t.Fatal(err)
	}
	out := map[string]any{}
	if err := json.Unmarshal(buf.Bytes(), &out); err != nil {
		r.t.Fatalf("%s %s answered %q: %v", method, path, buf.String(), err)
	}
	return res.StatusCode, out
}

func must[T any](t testing.TB) func(v T, err error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (r *rig) price(amount int64, interval string) *stripe.Price {
	r.t.Helper()
	product := must[*stripe.Product](r.t)(r.stripe.Products.New(&stripe.ProductParams{Name: new("Plan")}))
	return must[*stripe.Price](r.t)(r.stripe.Prices.New(&stripe.PriceParams{
		Product: new(product.ID), Currency: new("eur"), UnitAmount: new(amount),
		Recurring: &stripe.PriceRecurringParams{Interval: new(interval)},
	}))
}

func (r *rig) session(price string, more func(*stripe.CheckoutSessionParams)) *stripe.CheckoutSession {
	r.t.Helper()
	params := &stripe.CheckoutSessionParams{
		Mode: new("subscription"), SuccessURL: new("https://app.test/done?s={CHECKOUT_SESSION_ID}"),
		CancelURL: new("https://app.test/back"),
		LineItems: []*stripe.CheckoutSessionLineItemParams{{Price: new(price), Quantity: stripe.Int64(1)}},
	}
	if more != nil {
		more(params)
	}
	return must[*stripe.CheckoutSession](r.t)(r.stripe.CheckoutSessions.New(params))
}

// member buys a subscription at checkout with the card and returns it.
func (r *rig) member(price, card string) *stripe.Subscription {
	r.t.Helper()
	session := r.session(price, nil)
	status, out := r.control("POST", "sessions/"+session.ID+"/pay", `{"card":"`+card+`","name":"Ada L","email":"ada@example.test"}`)
	if status != 200 {
		r.t.Fatalf("paying answered %d %v", status, out)
	}
	id, _ := out["subscription"].(string)
	return r.subscription(id)
}

func (r *rig) subscription(id string) *stripe.Subscription {
	r.t.Helper()
	params := &stripe.SubscriptionParams{}
	params.AddExpand("latest_invoice")
	return must[*stripe.Subscription](r.t)(r.stripe.Subscriptions.Get(id, params))
}

// stripeError returns the error as stripe-go decoded it.
func stripeError(t testing.TB, err error) *stripe.Error {
	t.Helper()
	var e *stripe.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an error of Stripe", err)
	}
	return e
}

// inOrder fails unless the wanted texts occur in this order.
func inOrder(t testing.TB, got []string, want ...string) {
	t.Helper()
	rest := got
	for _, w := range want {
		at := slices.Index(rest, w)
		if at < 0 {
			t.Fatalf("%q is missing or too early in %v", w, got)
		}
		rest = rest[at+1:]
	}
}
