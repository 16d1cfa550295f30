package billing_test

import (
	"bytes"
	"errors"
	"io"
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
	if err := r.billing.Setup(r.t.Context(), spec, opt, &out); err != nil && (!opt.DryRun || !errors.Is(err, billing.ErrDifferent)) {
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
	for _, want := range []string{
		"here:   - price circle.monthly 49.00 USD every month; who pays it goes on paying it\n", "here:   + price circle.monthly 59.00 USD every month\n",
		"stripe: + price circle.monthly.v2 59.00 USD every month\n", "stripe: - price circle.monthly\n",
	} {
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
	if out := r.setup(spec, billing.SetupOptions{}); out != "here:   ~ plan circle: name\nstripe: ~ product conservatory_circle \"The Circle\"\n" {
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
	if out := r.setup(plans(4900), opt); !strings.HasPrefix(out, "stripe: ~ webhook endpoint") {
		t.Error(out)
	}
}

// What somebody did at Stripe's dashboard is found, told and put right, as far as
// it is ours.
func TestSetupFindsWhatDriftedAtStripe(t *testing.T) {
	t.Parallel()
	r := newIdleRig(t)
	all := r.stripe("GET", "/v1/prices", url.Values{"lookup_keys[0]": {"circle.monthly"}})["data"].([]any)
	id := all[0].(map[string]any)["id"].(string)
	r.stripe("POST", "/v1/prices/"+id, url.Values{"active": {"false"}})
	r.stripe("POST", "/v1/products", url.Values{"name": {"Tea towels"}, "id": {"prod_towels"}})
	var out bytes.Buffer
	if err := r.billing.Setup(t.Context(), plans(4900), billing.SetupOptions{DryRun: true}, &out); !errors.Is(err, billing.ErrDifferent) {
		t.Errorf("a difference is none: %v", err)
	}
	const told = "drift:  price circle.monthly is on offer here and archived at Stripe\nstripe: ~ price circle.monthly is on sale again\n" +
		"stripe: product prod_towels \"Tea towels\" is not of this catalogue and left alone\n"
	if out.String() != told || r.made("/v1/prices", url.Values{"active": {"true"}}) != 1 {
		t.Errorf("told is %q", out.String())
	}
	if out := r.setup(plans(4900), billing.SetupOptions{}); out != told {
		t.Errorf("done is %q", out)
	}
	if err := r.billing.Setup(t.Context(), plans(4900), billing.SetupOptions{DryRun: true}, io.Discard); err != nil {
		t.Errorf("what is left alone is a difference: %v", err)
	}
	there := r.stripe("GET", "/v1/prices/"+id, nil)
	if active, _ := there["active"].(bool); !active || r.made("/v1/prices", nil) != 2 {
		t.Errorf("%v", there)
	}
}

func TestSetupMakesAgainWhatStripeLost(t *testing.T) {
	t.Parallel()
	r := newIdleRig(t)
	if _, err := r.db.Pool().Exec(t.Context(), `UPDATE prices SET stripe_price_id = 'price_of_another_mode' WHERE key = 'monthly'`); err != nil {
		t.Fatal(err)
	}
	out := r.setup(plans(4900), billing.SetupOptions{})
	if !strings.HasPrefix(out, "drift:  price circle.monthly was price_of_another_mode") || r.made("/v1/prices", nil) != 2 {
		t.Errorf("%q, %d prices", out, r.made("/v1/prices", nil))
	}
	if out := r.setup(plans(4900), billing.SetupOptions{}); out != unchanged {
		t.Error(out)
	}
}

// Minor units are hundredths for most, whole yen, and thousandths of a dinar.
func TestEveryCurrencyIsAskedForInItsMinorUnit(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	world := membership.PlanSpec{Slug: "world", Name: "World", Prices: []membership.PriceSpec{
		{Key: "yen", Interval: "month", AmountMinor: 500, Currency: "jpy"},
		{Key: "dinar", Interval: "quarter", AmountMinor: 14500, Currency: "kwd"},
	}}
	out := r.setup([]membership.PlanSpec{world}, billing.SetupOptions{})
	for _, want := range []string{"price world.yen 500 JPY every month\n", "price world.dinar 14.500 KWD every 3 months\n"} {
		if strings.Count(out, want) != 2 {
			t.Errorf("%q is not told for both sides: %s", want, out)
		}
	}
	for price, want := range map[string][2]int{"yen": {500, 6000}, "dinar": {14500, 58000}} {
		who := r.user()
		c := r.order(who, "world", price)
		if there := r.stripe("GET", "/v1/checkout/sessions/"+last(c.URL), nil); there["amount_total"] != float64(want[0]) {
			t.Errorf("%s: Stripe asks for %v", price, there["amount_total"])
		}
		r.pay(c, goodCard)
		r.settle()
		if n := r.mrr(who); n != want[1] {
			t.Errorf("%s: the ledger has %d", price, n)
		}
	}
}
