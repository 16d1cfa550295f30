package stripesandbox_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stripe/stripe-go/v76"

	"github.com/womens-tech-conservatory/conservatory/pkg/stripesandbox"
)

func create(r *rig, key string, retries int64) (*stripe.Customer, error) {
	params := &stripe.CustomerParams{}
	params.SetIdempotencyKey(key)
	return connect(r.url, testKey, retries).Customers.New(params)
}

func customers(r *rig) (n int) {
	for it := r.stripe.Customers.List(nil); it.Next(); {
		n++
	}
	return n
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		kind         string
		status, made int // after one call without retry
		curable      bool
	}{
		{"429", 429, 0, true},
		{"500", 500, 0, false},
		{"503", 503, 0, true},
		{"commit_then_drop", 0, 1, true},
		{"reset_mid_body", 0, 1, true},
		{"malformed_json", 0, 1, true},
	} {
		t.Run(tc.kind+" fails one call and is over", func(t *testing.T) {
			t.Parallel()
			r := serve(t, stripesandbox.Config{})
			status, out := r.control("POST", "faults", `{"kind":"`+tc.kind+`","method":"POST","path":"/v1/customers","count":1}`)
			if status != 200 {
				t.Fatalf("ordering it answered %v", out)
			}
			_, err := create(r, "key", 0)
			if err == nil {
				t.Fatal("the call succeeded")
			}
			if tc.status != 0 && stripeError(t, err).HTTPStatusCode != tc.status {
				t.Errorf("got %v", err)
			}
			if got := customers(r); got != tc.made {
				t.Errorf("made %d customers, want %d", got, tc.made)
			}
			_, err = create(r, "key", 0)
			if cured := err == nil; cured != tc.curable {
				t.Errorf("the same call again gave %v", err)
			}
			if tc.curable && customers(r) != 1 {
				t.Errorf("%d customers for one key", customers(r))
			}
		})
	}
}

func TestFaultsPass(t *testing.T) {
	t.Parallel()
	t.Run("stripe-go survives a drop by itself and makes one customer", func(t *testing.T) {
		t.Parallel()
		r := serve(t, stripesandbox.Config{})
		r.control("POST", "faults", `{"kind":"commit_then_drop","method":"POST"}`)
		if _, err := create(r, "key", 2); err != nil || customers(r) != 1 {
			t.Errorf("got %v and %d customers", err, customers(r))
		}
	})
	t.Run("latency and the list of faults", func(t *testing.T) {
		t.Parallel()
		r := serve(t, stripesandbox.Config{})
		r.control("POST", "faults", `{"kind":"latency","latency_ms":1,"count":-1}`)
		if _, err := create(r, "key", 0); err != nil {
			t.Error(err)
		}
		if _, out := r.control("GET", "faults", ""); len(out["faults"].([]any)) != 1 {
			t.Errorf("a lasting fault is gone: %v", out)
		}
		r.control("DELETE", "faults", "")
		if _, out := r.control("GET", "faults", ""); len(out["faults"].([]any)) != 0 {
			t.Errorf("faults remain: %v", out)
		}
	})
}

func TestControlMistakes(t *testing.T) {
	t.Parallel()
	r := serve(t, stripesandbox.Config{})
	for _, tc := range []struct{ path, body, help string }{
		{"faults", `{"kind":"earthquake"}`, "commit_then_drop"},
		{"faults", `{"kind":"latency"}`, "latency_ms"},
		{"faults", `{"kind":"500","count":0}`, "at least 1"},
		{"clock/advance", `{"hours":3}`, `{"days":31}`},
		{"clock/advance", `{}`, "only moves forward"},
		{"clock/advance", `{"to":"tomorrow"}`, "RFC 3339"},
		{"clock/advance", `{"days":-1}`, "only moves forward"},
		{"deliveries", `{"duplicate":-1}`, "negative"},
		{"idle", `{"seconds":9000}`, "between 0 and 120"},
		{"sessions/cs_none/pay", `card=4242`, `{"card":"4242424242424242"}`},
	} {
		status, out := r.control("POST", tc.path, tc.body)
		message, _ := out["message"].(string)
		if status != 400 || !strings.Contains(message, tc.help) {
			t.Errorf("%s %s answered %d %q", tc.path, tc.body, status, message)
		}
	}
	if status, _ := r.control("POST", "sessions/cs_none/pay", `{"card":"4242424242424242"}`); status != 404 {
		t.Errorf("a session that is not there answered %d", status)
	}
	if status, _ := r.control("POST", "nonsense", ""); status != 404 {
		t.Errorf("an unknown operation answered %d", status)
	}
}

func TestManual(t *testing.T) {
	t.Parallel()
	r := serve(t, stripesandbox.Config{})
	_, out := r.control("GET", "", "")
	operations := out["operations"].([]any)
	for _, op := range operations {
		curl, _ := op.(map[string]any)["curl"].(string)
		if !strings.HasPrefix(curl, "curl ") {
			t.Errorf("no example in %v", op)
		}
	}
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url+"/_sandbox/", nil)
	req.Header.Set("Accept", "text/html")
	if body := text(t, req); len(operations) < 12 || strings.Count(body, "<section>") != len(operations) {
		t.Errorf("%d operations, page %q", len(operations), body)
	}
	_, state := r.control("GET", "state", "")
	if state["now"] == nil || state["api_version"] != "2023-10-16" {
		t.Errorf("state %v", state)
	}
}
