package stripesandbox_test

import (
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76"

	"github.com/womens-tech-conservatory/conservatory/pkg/stripesandbox"
)

const (
	day  = 24 * time.Hour
	past = 240 * day
)

// BenchmarkHistory loads what a demo needs: sixteen members who join over eight
// months, while deliveries are paused and the state is kept in a file.
func BenchmarkHistory(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		r := historian(b)
		b.StartTimer()
		r.history(16)
	}
}

// BenchmarkCallWithHistory is one change when there is much to save already.
func BenchmarkCallWithHistory(b *testing.B) {
	r := historian(b)
	r.history(16)
	for b.Loop() {
		must[*stripe.Product](b)(r.stripe.Products.New(&stripe.ProductParams{Name: new("Plan")}))
	}
}

// historian is a rig whose sandbox begins in the past and keeps its state.
func historian(t testing.TB) *rig {
	t.Helper()
	box, err := stripesandbox.New(stripesandbox.Config{
		SecretKey: testKey, WebhookURL: "http://127.0.0.1:1/hook", WebhookSecret: testSecret,
		StateFile: filepath.Join(t.TempDir(), "stripe.json"), Now: func() time.Time { return time.Now().Add(-past) },
	})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(box)
	t.Cleanup(func() {
		srv.Close()
		if err := box.Close(); err != nil {
			t.Error(err)
		}
	})
	box.Start(t.Context())
	return &rig{t: t, box: box, url: srv.URL, stripe: connect(srv.URL, testKey, 0)}
}

// history lets so many members join, evenly over the past, and reads what an
// application reads of each of them.
func (r *rig) history(members int) {
	r.t.Helper()
	r.box.PauseDeliveries(true)
	prices := []string{r.price(4900, "month").ID, r.price(49000, "year").ID, r.price(1900, "month").ID}
	for i := range members {
		sub := r.member(prices[i%len(prices)], "4242424242424242")
		params := &stripe.SubscriptionListParams{Customer: new(sub.Customer.ID), Status: new("all")}
		params.AddExpand("data.latest_invoice")
		if !r.stripe.Subscriptions.List(params).Next() {
			r.t.Fatalf("member %d has no subscription", i)
		}
		r.box.Advance(past / time.Duration(members))
	}
	r.box.DropHeld()
	r.box.PauseDeliveries(false)
}
