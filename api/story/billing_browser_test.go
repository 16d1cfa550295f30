package story_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/chromedp/chromedp"
)

// Billing as a person tries it by hand: our API is called as a frontend calls it,
// and Stripe's pages and its dashboard are walked in a browser.
func TestEveryBillingCaseInABrowser(t *testing.T) {
	t.Parallel()
	browser := launch(t)
	at := start(t)
	// One after the other: they share Stripe's clock, which only moves forward.
	for _, story := range []struct {
		name string
		tell func(*customer)
	}{
		{"another plan", changesHerPlan},
		{"a refund", getsMoneyBack},
		{"a bank that asks", isAsked},
		{"a renewal that fails", failsAndRecovers},
		{"a trial", triesFirst},
	} {
		t.Run(story.name, func(t *testing.T) { story.tell(newCustomer(browser, t, at)) })
	}
}

// customer is somebody in front of a browser, with a session at our API.
type customer struct {
	*process

	page  page
	email string
}

func newCustomer(browser context.Context, t *testing.T, at addresses) *customer {
	t.Helper()
	return &customer{process: &process{t: t, at: at}, page: tab(t, browser)}
}

// signsUp makes her a new member, who has paid nothing.
func (c *customer) signsUp(name string) {
	c.t.Helper()
	c.email = name + ".billing@example.org"
	c.join(c.email)
}

// signsIn makes her one of the demo community.
func (c *customer) signsIn(email string) {
	c.t.Helper()
	c.email, c.token = email, ""
	c.token = c.text(c.post("/v1/auth/login", `{"email":"`+email+`","password":"make room for yes"}`), "access_token")
}

// goesToPay starts a checkout and opens its page.
func (c *customer) goesToPay(price string) {
	c.t.Helper()
	c.page.open(c.text(c.post("/v1/membership/checkout", `{"plan":"circle","price":"`+price+`"}`), "checkout_url"))
}

// pays fills in the page that is open and presses its button.
func (c *customer) pays(card string) {
	c.t.Helper()
	c.page.fill("card", card)
	c.page.goes(`document.getElementById('pay').click()`)
}

// has waits until her membership is so.
func (c *customer) has(status, notice string) membershipView {
	c.t.Helper()
	var m membershipView
	c.eventually(fmt.Sprintf("%s, %q", status, notice), func() bool {
		m = membershipView{}
		c.read("/v1/membership", &m)
		return len(m.Subscriptions) == 1 && m.Subscriptions[0].Status == status && m.Access.Level == "full" && m.Access.Notice == notice
	})
	return m
}

// membershipView is GET /v1/membership.
type membershipView struct {
	Access struct {
		Level, Notice string
		PayURL        string `json:"pay_url"`
	}
	Subscriptions []struct{ Price, Status string }
}

func (c *customer) read(path string, into any) {
	c.t.Helper()
	if text := c.get(path); json.Unmarshal([]byte(text), into) != nil {
		c.t.Fatalf("%s: %s", path, text)
	}
}

// presses finds her in a table of the dashboard and presses a button there, in
// the newest row.
func (c *customer) presses(table, label string) {
	c.t.Helper()
	c.page.open(c.at.stripe)
	c.page.goes(fmt.Sprintf(`const rows = (table) => [...document.querySelectorAll('#' + table + ' + div tbody tr')];
		const her = rows('customers').find((row) => row.cells[1].textContent === %q).querySelector('code').textContent;
		const row = rows(%q).find((row) => row.textContent.includes(her));
		[...row.querySelectorAll('button')].find((button) => button.textContent === %q).click();`, c.email, table, label))
	c.page.until(`document.getElementById('now') !== null`)
}

// goes runs a script that leads to another page, and waits for that one.
func (p page) goes(script string) {
	p.t.Helper()
	if _, err := chromedp.Run(p.ctx, chromedp.Evaluate[chromedp.Void](`window.old = true; undefined`)); err != nil {
		p.t.Fatal(err)
	}
	p.leave(script)
	p.until(`!window.old`)
}

func (p page) shows(id, text string) {
	p.t.Helper()
	p.until(fmt.Sprintf(`document.getElementById(%q)?.textContent.includes(%q)`, id, text))
}

const (
	goodCard       = "4242 4242 4242 4242"
	askedOnceCard  = "4000 0025 0000 3155"
	askedEachTime  = "4000002760003184"
	mastercardCard = "5555 5555 5555 4444"
)

// Nothing is charged for fourteen days, then the quarter is.
func triesFirst(c *customer) {
	c.signsUp("tara")
	c.goesToPay("quarterly")
	c.page.shows("trial", "Free until")
	c.page.shows("total", "0.00 USD")
	c.pays(goodCard)
	c.has("trialing", "trial_ends")
	c.presses("subscriptions", "Renew: it is paid")
	c.has("active", "")
	var bills struct {
		Items []struct{ Paid struct{ Minor int } }
	}
	c.read("/v1/membership/invoices", &bills)
	if len(bills.Items) != 2 || bills.Items[0].Paid.Minor != 13500 || bills.Items[1].Paid.Minor != 0 {
		c.t.Errorf("%+v", bills)
	}
}

// Her bank asks at checkout; once she says no. It asks again when she renews.
func isAsked(c *customer) {
	c.signsUp("sara")
	c.goesToPay("monthly")
	c.pays(askedOnceCard)
	c.page.goes(`document.getElementById('fail').click()`)
	c.page.shows("error", "unable to authenticate")
	c.pays(askedOnceCard)
	c.page.goes(`document.getElementById('authenticate').click()`)
	c.has("active", "")

	c.presses("subscriptions", "Renew: the bank asks")
	m := c.has("past_due", "payment_failed")
	c.page.open(m.Access.PayURL)
	c.pays(askedEachTime)
	c.page.goes(`document.getElementById('authenticate').click()`)
	c.page.shows("message", "is paid")
	c.has("active", "")
}

// Her renewal fails, she stays in with a notice, and pays the open invoice.
func failsAndRecovers(c *customer) {
	c.signsUp("fay")
	c.goesToPay("monthly")
	c.pays(goodCard)
	c.has("active", "")
	c.presses("subscriptions", "Renew: it fails")
	m := c.has("past_due", "payment_failed")
	c.page.open(m.Access.PayURL)
	c.page.shows("total", "49.00 USD")
	c.pays("4000 0000 0000 9995")
	c.page.shows("error", "insufficient funds")
	c.pays(goodCard)
	c.page.shows("message", "is paid")
	c.has("active", "")
}

// She goes from months to a year for what was quoted, and finds the new plan, her
// invoice and her card in the portal.
func changesHerPlan(c *customer) {
	c.signsIn("grace@example.org")
	var q struct {
		ID, Effect string
		Due        struct{ Minor int }
	}
	quote := c.post("/v1/membership/quotes", `{"plan":"circle","price":"annual"}`)
	if err := json.Unmarshal([]byte(quote), &q); err != nil || q.Effect != "now" || q.Due.Minor <= 44000 || q.Due.Minor > 49000 {
		c.t.Fatalf("%v, %s", err, quote)
	}
	c.post("/v1/membership/change", `{"quote":"`+q.ID+`"}`)
	if m := c.has("active", ""); m.Subscriptions[0].Price != "annual" {
		c.t.Errorf("%+v", m)
	}
	c.page.open(c.text(c.post("/v1/membership/portal", ""), "portal_url"))
	c.page.until(`document.querySelector('main').textContent.includes('490.00 USD every year')`)
	c.page.until(fmt.Sprintf(`[...document.querySelectorAll('td.amount')].some((cell) => cell.textContent === '%d.%02d USD')`, q.Due.Minor/100, q.Due.Minor%100))
	c.page.fill("card", mastercardCard)
	c.page.goes(`document.getElementById('replace').click()`)
	c.page.shows("current-card", "mastercard ending in 4444")
}

// Whoever keeps the money pays a part back, then the rest, at Stripe's dashboard;
// the administrator sees both.
func getsMoneyBack(c *customer) {
	c.signsIn("aisha@example.org")
	id := c.text(c.get("/v1/me"), "id")
	c.presses("charges", "Refund 100")
	c.presses("charges", "Refund")
	c.token = c.text(c.post("/v1/auth/login", `{"email":"admin@example.org","password":"make room for yes"}`), "access_token")
	code := c.text(c.send(http.MethodGet, c.at.mail+"/authenticator?for=admin@example.org", ""), "code")
	c.post("/v1/auth/step-up", `{"totp":"`+code+`"}`)
	c.eventually("both refunds", func() bool {
		var back struct {
			Refunds []struct{ Amount struct{ Minor int } }
		}
		c.read("/v1/admin/members/"+id+"/money-back", &back)
		return len(back.Refunds) == 2 && back.Refunds[0].Amount.Minor+back.Refunds[1].Amount.Minor == 4900
	})
}
