package billing_test

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
)

func (r *rig) setup(spec []membership.PlanSpec, opt billing.SetupOptions) string {
	r.t.Helper()
	var out bytes.Buffer
	if err := r.billing.Setup(r.t.Context(), spec, opt, &out); err != nil {
		r.t.Fatal(err)
	}
	return out.String()
}

const unchanged = "Stripe is as it should be.\n"

func TestSetupRepeatedDoesNothing(t *testing.T) {
	t.Parallel()
	r := newIdleRig(t)
	if out := r.setup(plans(4900), billing.SetupOptions{}); out != unchanged {
		t.Error(out)
	}
	if n := r.number(`SELECT count(*) FROM prices WHERE stripe_price_id IS NOT NULL AND state = 'public'`); n != 2 {
		t.Errorf("%d prices are mapped", n)
	}
}

func TestAChangedAmountIsANewPrice(t *testing.T) {
	t.Parallel()
	r := newIdleRig(t)
	before := len(r.box.Journal())
	out := r.setup(plans(5900), billing.SetupOptions{DryRun: true})
	for _, want := range []string{"+ price circle.monthly.v2 5900 usd every 1 month\n", "- price circle.monthly\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("the dry run does not tell %q: %s", want, out)
		}
	}
	for _, e := range r.box.Journal()[before:] {
		if e.Method != http.MethodGet {
			t.Errorf("the dry run sent %s %s", e.Method, e.Path)
		}
	}
	if n := r.number(`SELECT count(*) FROM prices WHERE amount_minor = 5900`); n != 0 {
		t.Error("the dry run wrote")
	}
	r.setup(plans(5900), billing.SetupOptions{})
	if n := r.made("/v1/prices", url.Values{"active": {"true"}}); n != 2 {
		t.Errorf("%d active prices", n)
	}
	if out := r.setup(plans(5900), billing.SetupOptions{}); out != unchanged {
		t.Error(out)
	}
	if n := r.number(`SELECT count(*) FROM prices WHERE key = 'monthly' AND stripe_price_id IS NOT NULL`); n != 2 {
		t.Error("the old price is not known any more")
	}
	r.setup(plans(6900), billing.SetupOptions{})
	if n := len(r.stripe("GET", "/v1/prices", url.Values{"lookup_keys[0]": {"circle.monthly.v3"}})["data"].([]any)); n != 1 {
		t.Error("there is no third version")
	}
}

func TestAChangedNameIsAnUpdate(t *testing.T) {
	t.Parallel()
	r := newIdleRig(t)
	spec := plans(4900)
	spec[0].Name = "The Circle"
	if out := r.setup(spec, billing.SetupOptions{}); out != "~ product conservatory_circle \"The Circle\"\n" {
		t.Error(out)
	}
	if n := r.number(`SELECT count(*) FROM plans WHERE name = 'The Circle' AND stripe_product_id = 'conservatory_circle'`); n != 1 {
		t.Error("our plan has the old name")
	}
}

func TestTheWebhookEndpointIsPinned(t *testing.T) {
	t.Parallel()
	r := newIdleRig(t)
	opt := billing.SetupOptions{WebhookURL: "https://club.test/v1/webhooks/stripe"}
	if out := r.setup(plans(4900), opt); !strings.Contains(out, "whsec_") {
		t.Errorf("the secret is not shown: %s", out)
	}
	if out := r.setup(plans(4900), opt); out != unchanged {
		t.Error(out)
	}
	list := r.stripe("GET", "/v1/webhook_endpoints", nil)["data"].([]any)
	if len(list) != 1 {
		t.Fatalf("%d endpoints", len(list))
	}
	endpoint := list[0].(map[string]any)
	if endpoint["api_version"] != "2023-10-16" || len(endpoint["enabled_events"].([]any)) < 18 {
		t.Errorf("got %v", endpoint)
	}
	r.stripe("POST", "/v1/webhook_endpoints/"+endpoint["id"].(string), url.Values{"enabled_events[0]": {"invoice.paid"}})
	if out := r.setup(plans(4900), opt); !strings.HasPrefix(out, "~ webhook endpoint") {
		t.Error(out)
	}
}
