package stripesandbox_test

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76"

	"github.com/womens-tech-conservatory/conservatory/pkg/stripesandbox"
)

// browser follows no redirect.
func browser() *http.Client {
	return &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func read(t testing.TB, res *http.Response) string {
	t.Helper()
	defer func() { _ = res.Body.Close() }()
	var buf bytes.Buffer
	if _, err := buf.ReadFrom(res.Body); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

func text(t testing.TB, req *http.Request) string {
	t.Helper()
	res, err := browser().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return read(t, res)
}

func get(t testing.TB, url string) (int, string) {
	t.Helper()
	res, err := browser().Get(url)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, read(t, res)
}

func post(t testing.TB, url string, form url.Values) (status int, location, body string) {
	t.Helper()
	res, err := browser().PostForm(url, form)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header.Get("Location"), read(t, res)
}

func TestPayPage(t *testing.T) {
	t.Parallel()
	t.Run("shows what is bought, tells of a decline and goes on after paying", func(t *testing.T) {
		t.Parallel()
		r := serve(t, stripesandbox.Config{})
		session := r.session(r.price(1250, "month").ID, nil)
		status, page := get(t, session.URL)
		for _, part := range []string{
			"Plan", "12.50 EUR every month", `id="card"`, `id="exp"`, `id="cvc"`, `id="name"`, `id="pay"`, `id="cancel" href="https://app.test/back"`,
			`<label for="card">`, "Content-Security-Policy", "4000000000000341", "Sandbox",
		} {
			if status != 200 || !strings.Contains(page, part) {
				t.Errorf("%d: %q is not on the page", status, part)
			}
		}
		status, _, page = post(t, session.URL, url.Values{"card": {"4000 0000 0000 0002"}, "name": {`"><script>`}})
		if status != 402 || !strings.Contains(page, `id="error"`) || !strings.Contains(page, "Your card was declined.") || strings.Contains(page, "<script") {
			t.Errorf("a decline answered %d %s", status, page)
		}
		status, location, _ := post(t, session.URL, url.Values{"card": {"4242 4242 4242 4242"}, "exp": {"12/34"}, "cvc": {"123"}, "name": {"Ada"}, "email": {"ada@example.test"}})
		if status != http.StatusSeeOther || location != "https://app.test/done?s="+session.ID {
			t.Errorf("paying answered %d to %q", status, location)
		}
		if _, page = get(t, session.URL); !strings.Contains(page, "is complete") || !strings.Contains(page, `id="continue"`) {
			t.Errorf("afterwards the page says %s", page)
		}
		if _, location, _ = post(t, session.URL, nil); location != "https://app.test/done?s="+session.ID {
			t.Errorf("a second click goes to %q", location)
		}
	})
}

func TestPayPageDetours(t *testing.T) {
	t.Parallel()
	t.Run("asks the buyer to authenticate", func(t *testing.T) {
		t.Parallel()
		r := serve(t, stripesandbox.Config{})
		session := r.session(r.price(1250, "month").ID, nil)
		form := url.Values{"card": {"4000002500003155"}}
		_, _, page := post(t, session.URL, form)
		if !strings.Contains(page, `id="authenticate"`) || !strings.Contains(page, `id="fail"`) || strings.Contains(page, `id="error"`) {
			t.Fatalf("the challenge page is %s", page)
		}
		form.Set("authenticate", "no")
		if status, _, page := post(t, session.URL, form); status != 402 || !strings.Contains(page, "unable to authenticate") {
			t.Errorf("failing answered %d %s", status, page)
		}
		form.Set("authenticate", "yes")
		if status, _, _ := post(t, session.URL, form); status != http.StatusSeeOther {
			t.Errorf("authenticating answered %d", status)
		}
	})
	t.Run("does not know other sessions and tells of expired ones", func(t *testing.T) {
		t.Parallel()
		r := serve(t, stripesandbox.Config{})
		session := r.session(r.price(1250, "month").ID, nil)
		must[*stripe.CheckoutSession](t)(r.stripe.CheckoutSessions.Expire(session.ID, nil))
		if status, page := get(t, session.URL); status != http.StatusGone || !strings.Contains(page, "expired") {
			t.Errorf("expired answered %d", status)
		}
		for _, path := range []string{"/pay/cs_none", "/portal/x", "/invoice/x", "/elsewhere"} {
			if status, _ := get(t, r.url+path); status != http.StatusNotFound {
				t.Errorf("%s answered %d", path, status)
			}
		}
	})
}

func TestInvoicePage(t *testing.T) {
	t.Parallel()
	r := serve(t, stripesandbox.Config{})
	sub := r.member(r.price(1250, "month").ID, "4000000000000341")
	r.box.Advance(32 * 24 * time.Hour)
	inv := r.subscription(sub.ID).LatestInvoice
	if status, page := get(t, inv.HostedInvoiceURL); status != 200 || !strings.Contains(page, "Pay 12.50 EUR") {
		t.Errorf("got %d %s", status, page)
	}
	if status, _, page := post(t, inv.HostedInvoiceURL, url.Values{"card": {"4000000000009995"}}); status != 402 || !strings.Contains(page, "insufficient funds") {
		t.Errorf("a decline answered %d", status)
	}
	status, location, _ := post(t, inv.HostedInvoiceURL, url.Values{"card": {"4242424242424242"}})
	if status != http.StatusSeeOther || location != "/invoice/"+inv.ID {
		t.Errorf("paying answered %d to %q", status, location)
	}
	if got := r.subscription(sub.ID); got.Status != "active" {
		t.Errorf("the subscription is %s", got.Status)
	}
}

func TestPortal(t *testing.T) {
	t.Parallel()
	r := serve(t, stripesandbox.Config{})
	sub := r.member(r.price(1250, "month").ID, "4242424242424242")
	session := must[*stripe.BillingPortalSession](t)(r.stripe.BillingPortalSessions.New(&stripe.BillingPortalSessionParams{
		Customer: new(sub.Customer.ID), ReturnURL: new("https://app.test/me"),
	}))
	_, page := get(t, session.URL)
	for _, part := range []string{"Plan", "visa ending in 4242", `id="return" href="https://app.test/me"`, `id="cancel"`} {
		if !strings.Contains(page, part) {
			t.Errorf("%q is not on the portal", part)
		}
	}
	act := func(action, key, value string) int {
		status, _, _ := post(t, session.URL, url.Values{"action": {action}, key: {value}})
		return status
	}
	if status := act("cancel", "subscription", sub.ID); status != 303 || !r.subscription(sub.ID).CancelAtPeriodEnd {
		t.Errorf("canceling answered %d", status)
	}
	if status := act("resume", "subscription", sub.ID); status != 303 || r.subscription(sub.ID).CancelAtPeriodEnd {
		t.Errorf("resuming answered %d", status)
	}
	if status := act("card", "card", "4000000000000002"); status != 402 {
		t.Errorf("a declining card answered %d", status)
	}
	if status := act("card", "card", "5555555555554444"); status != 303 {
		t.Errorf("a new card answered %d", status)
	}
	other := r.member(r.price(1250, "month").ID, "4242424242424242")
	if status := act("cancel", "subscription", other.ID); status != 404 || r.subscription(other.ID).CancelAtPeriodEnd {
		t.Errorf("canceling somebody else's answered %d", status)
	}
	if _, page = get(t, session.URL); !strings.Contains(page, "mastercard ending in 4444") {
		t.Error("the new card is not shown")
	}
}

func TestPortalConfiguration(t *testing.T) {
	t.Parallel()
	r := serve(t, stripesandbox.Config{})
	off := must[*stripe.BillingPortalConfiguration](t)(r.stripe.BillingPortalConfigurations.New(&stripe.BillingPortalConfigurationParams{
		BusinessProfile: &stripe.BillingPortalConfigurationBusinessProfileParams{Headline: new("Hello")},
		Features: &stripe.BillingPortalConfigurationFeaturesParams{
			PaymentMethodUpdate: &stripe.BillingPortalConfigurationFeaturesPaymentMethodUpdateParams{Enabled: new(false)},
		},
	}))
	sub := r.member(r.price(1250, "month").ID, "4242424242424242")
	session := must[*stripe.BillingPortalSession](t)(r.stripe.BillingPortalSessions.New(&stripe.BillingPortalSessionParams{
		Customer: new(sub.Customer.ID), Configuration: new(off.ID),
	}))
	if _, page := get(t, session.URL); strings.Contains(page, `id="card"`) || strings.Contains(page, `id="cancel"`) {
		t.Error("the portal offers what its configuration forbids")
	}
	if status, _, _ := post(t, session.URL, url.Values{"action": {"cancel"}, "subscription": {sub.ID}}); status != 400 {
		t.Errorf("a forbidden action answered %d", status)
	}
	on := must[*stripe.BillingPortalConfiguration](t)(r.stripe.BillingPortalConfigurations.Update(off.ID, &stripe.BillingPortalConfigurationParams{
		Features: &stripe.BillingPortalConfigurationFeaturesParams{
			SubscriptionCancel: &stripe.BillingPortalConfigurationFeaturesSubscriptionCancelParams{Enabled: new(true), Mode: new("immediately")},
		},
	}))
	if !on.Features.SubscriptionCancel.Enabled || on.BusinessProfile.Headline != "Hello" {
		t.Errorf("got %+v", on.Features.SubscriptionCancel)
	}
	post(t, session.URL, url.Values{"action": {"cancel"}, "subscription": {sub.ID}})
	if got := r.subscription(sub.ID); got.Status != "canceled" {
		t.Errorf("canceling immediately left it %s", got.Status)
	}
}

func TestDashboard(t *testing.T) {
	t.Parallel()
	r := serve(t, stripesandbox.Config{})
	sub := r.member(r.price(1250, "month").ID, "4242424242424242")
	waiting := r.session(r.price(700, "year").ID, nil)
	must[*stripe.Customer](t)(r.stripe.Customers.New(&stripe.CustomerParams{Name: new("<b>Mallory</b>")}))
	_, page := get(t, r.url+"/")
	for _, part := range []string{sub.ID, sub.Customer.ID, `href="/pay/` + waiting.ID, "invoice.paid", "&lt;b&gt;Mallory", "Advance a month"} {
		if !strings.Contains(page, part) {
			t.Errorf("%q is not on the dashboard", part)
		}
	}
	press := func(path string, form url.Values) (int, string) {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+"/_sandbox/"+path, strings.NewReader(form.Encode()))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Accept", "text/html")
		res, err := browser().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, read(t, res)
	}
	bad, _ := press("customers/"+sub.Customer.ID+"/card", url.Values{"card": {"4000000000000341"}})
	month, _ := press("clock/advance", url.Values{"months": {"1"}})
	if got := r.subscription(sub.ID); bad != 303 || month != 303 || got.Status != "past_due" {
		t.Errorf("buttons answered %d %d and left %s", bad, month, got.Status)
	}
	for path, form := range map[string]url.Values{
		"clock/advance":                                       {"days": {"-1"}},
		"subscriptions/" + sub.ID + "/act":                    {"action": {"dance"}},
		"subscriptions/none/renew":                            {},
		"customers/" + sub.Customer.ID + "/card":              {"card": {"1234"}},
		"customers/" + sub.Customer.ID + "/discount":          {"percent": {"101"}},
		"invoices/" + sub.LatestInvoice.ID + "/close":         {"status": {"void"}},
		"catalogue/" + sub.Items.Data[0].Price.ID + "/delete": {},
		"emit": {"object": {"nothing"}, "type": {"invoice.upcoming"}},
	} {
		if status, page := press(path, form); status < 400 || !strings.Contains(page, `id="message"`) || !strings.Contains(page, `href="/"`) {
			t.Errorf("%s is refused with %d %s", path, status, page)
		}
	}
}
