package stripesandbox_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stripe/stripe-go/v76"

	"github.com/womens-tech-conservatory/conservatory/pkg/stripesandbox"
)

// form posts raw parameters, as a client without stripe-go would.
func (r *rig) form(method, path, form string) (int, stripe.Error) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.url+path, strings.NewReader(form))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Authorization", "Bearer "+testKey)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	var body struct{ Error stripe.Error }
	if err := json.Unmarshal([]byte(read(r.t, res)), &body); err != nil {
		r.t.Fatal(err)
	}
	return res.StatusCode, body.Error
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	r := serve(t, stripesandbox.Config{})
	monthly := r.price(1000, "month")
	once := must[*stripe.Price](t)(r.stripe.Prices.New(&stripe.PriceParams{
		Product: new(monthly.Product.ID), Currency: new("eur"), UnitAmount: stripe.Int64(5),
	}))
	customer := must[*stripe.Customer](t)(r.stripe.Customers.New(nil)).ID
	session := "/v1/checkout/sessions"
	base := "mode=subscription&success_url=https://x.test&line_items[0][price]=" + monthly.ID
	for _, tc := range []struct{ path, form, param string }{
		{session, "", "mode"},
		{session, "mode=gift", "mode"},
		{session, "mode=subscription", "success_url"},
		{session, "mode=subscription&success_url=https://x.test", "line_items"},
		{session, "mode=subscription&success_url=https://x.test&line_items[0][price]=" + once.ID, "line_items[0][price]"},
		{session, "mode=payment&success_url=https://x.test&line_items[0][price]=" + monthly.ID, "line_items[0][price]"},
		{session, base + "&customer=cus_none", "customer"},
		{session, base + "&customer=" + customer + "&customer_email=a@b.test", "customer_email"},
		{session, base + "&customer_email=nobody", "customer_email"},
		{session, base + "&expires_at=5", "expires_at"},
		{session, base + "&subscription_data[trial_period_days]=0", "subscription_data[trial_period_days]"},
		{session, base + "&subscription_data[trial_end]=5", "subscription_data[trial_end]"},
		{session, base + "&subscription_data[colour]=5", "subscription_data[colour]"},
		{session, base + "&discounts[0][coupon]=none", "discounts[0][coupon]"},
		{session, base + "&discounts[0][promotion_code]=none", "discounts[0][promotion_code]"},
		{"/v1/customers", "email=nobody", "email"},
		{"/v1/customers", "coupon=none", "coupon"},
		{"/v1/products", "", "name"},
		{"/v1/products", "id=" + monthly.Product.ID + "&name=x", "id"},
		{"/v1/prices", "currency=eur&unit_amount=1", "product"},
		{"/v1/prices", "unit_amount=1&product=" + monthly.Product.ID, "currency"},
		{"/v1/prices", "currency=eur&product=" + monthly.Product.ID, "unit_amount"},
		{"/v1/prices", "currency=eur&unit_amount=-1&product=" + monthly.Product.ID, "unit_amount"},
		{"/v1/prices", "currency=eur&unit_amount=1&recurring[interval]=hour&product=" + monthly.Product.ID, "recurring[interval]"},
		{"/v1/prices", "currency=eur&unit_amount=1&active=perhaps&product=" + monthly.Product.ID, "active"},
		{"/v1/coupons", "", "percent_off"},
		{"/v1/coupons", "amount_off=5", "currency"},
		{"/v1/coupons", "percent_off=5&duration=repeating", "duration_in_months"},
		{"/v1/subscriptions", "", "customer"},
		{"/v1/subscriptions", "customer=" + customer, "items"},
		{"/v1/subscriptions", "customer=" + customer + "&items[0][price]=" + once.ID, "items"},
		{"/v1/subscriptions", "customer=" + customer + "&items[0][price]=" + monthly.ID + "&trial_end=5", "trial_end"},
		{"/v1/subscriptions", "customer=" + customer + "&items[0][price]=" + monthly.ID + "&backdate_start_date=99999999999", "backdate_start_date"},
		{"/v1/subscriptions", "customer=" + customer + "&items[0][price]=" + monthly.ID + "&default_payment_method=pm_none", "default_payment_method"},
		{"/v1/payment_methods", "type=sepa_debit", "type"},
		{"/v1/payment_methods", "type=card&card[number]=1", "card[number]"},
		{"/v1/payment_methods/pm_none/attach", "", "customer"},
		{"/v1/refunds", "", "charge"},
		{"/v1/refunds", "charge=ch_none", "charge"},
		{"/v1/webhook_endpoints", "url=https://x.test", "enabled_events"},
		{"/v1/billing_portal/sessions", "", "customer"},
		{"/v1/billing_portal/configurations", "", "features"},
	} {
		status, e := r.form("POST", tc.path, tc.form)
		if status < 400 || status >= 500 || e.Param != tc.param {
			t.Errorf("POST %s %s answered %d about %q: %s", tc.path, tc.form, status, e.Param, e.Msg)
		}
	}
	if r.stripe.Subscriptions.List(nil).Next() || r.stripe.CheckoutSessions.List(nil).Next() {
		t.Error("a refused call made something")
	}
}

func TestHostileRequests(t *testing.T) {
	t.Parallel()
	r := serve(t, stripesandbox.Config{})
	for _, path := range []string{"/v1/", "/v1/customers/", "/v1/customers//x", "/v1/customers/%00", "/v1/customers/cus/x/y", "/_sandbox/sessions//pay", "/pay/", "/portal/%2e%2e"} {
		res, err := http.Get(r.url + path)
		if err != nil {
			t.Fatal(err)
		}
		if read(t, res); res.StatusCode < 400 || res.StatusCode >= 500 {
			t.Errorf("%s answered %d", path, res.StatusCode)
		}
	}
	if status, e := r.form("POST", "/v1/customers", "email=%zz"); status != 400 || e.Type != "invalid_request_error" {
		t.Errorf("a broken escape answered %d %+v", status, e)
	}
	if status, _ := r.form("POST", "/v1/customers", "description="+strings.Repeat("x", 2<<20)); status != 400 {
		t.Errorf("two megabytes answered %d", status)
	}
	if status, _ := r.form("DELETE", "/v1/customers/cus_none", url.Values{"x": {"1"}}.Encode()); status != 400 {
		t.Errorf("an unknown parameter of a DELETE answered %d", status)
	}
}
