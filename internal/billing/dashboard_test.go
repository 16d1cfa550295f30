package billing

import (
	"encoding/json"
	"html"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/womens-tech-conservatory/conservatory/pkg/stripesandbox"
)

// Whatever a webhook can bring, a person brings about with a button or a page
// of the sandbox, and without a single call of her own.
func TestTheDashboardCausesEveryEvent(t *testing.T) {
	t.Parallel()
	causes := map[string]func(*desk){}
	for _, some := range []map[string]func(*desk){moneyCauses(), checkoutCauses(), subscriptionCauses(), invoiceCauses(), customerCauses()} {
		maps.Copy(causes, some)
	}
	if got := slices.Sorted(maps.Keys(causes)); !slices.Equal(got, eventTypes()) {
		t.Errorf("caused are\n%v\nhandled are\n%v", got, eventTypes())
	}
	for kind, cause := range causes {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, kind)
			cause(d)
			if d.times() <= d.before {
				t.Errorf("nothing came of the last thing she did; there are %v", d.latest("event", "type"))
			}
		})
	}
}

func moneyCauses() map[string]func(*desk) {
	dispute := func(steps ...string) func(*desk) {
		return func(d *desk) {
			d.member(goodCard)
			d.press(d.last("charge"), "Dispute")
			for _, step := range steps {
				d.press(d.last("dispute"), step)
			}
		}
	}
	return map[string]func(*desk){
		"charge.refunded": func(d *desk) { d.member(goodCard); d.press(d.last("charge"), "Refund") },
		"charge.refund.updated": func(d *desk) {
			d.member(goodCard)
			d.press(d.last("charge"), "Refund 100")
			d.press(d.last("refund"), "Fail")
		},
		"charge.dispute.created":            dispute(),
		"charge.dispute.funds_withdrawn":    dispute(),
		"charge.dispute.updated":            dispute("under_review"),
		"charge.dispute.closed":             dispute("under_review", "lost"),
		"charge.dispute.funds_reinstated":   dispute("won"),
		"radar.early_fraud_warning.created": func(d *desk) { d.member(goodCard); d.press(d.last("charge"), "Fraud warning") },
		"credit_note.created":               func(d *desk) { d.member(goodCard); d.press(d.last("invoice"), "Credit 100") },
		"credit_note.updated": func(d *desk) {
			d.member(goodCard)
			d.press(d.last("invoice"), "Credit 100")
			d.tell(d.last("credit_note"))
		},
		"credit_note.voided": func(d *desk) {
			d.press(d.member(goodCard), "Renew: it fails")
			d.press(d.last("invoice"), "Credit 100")
			d.press(d.last("credit_note"), "Void")
		},
	}
}

func checkoutCauses() map[string]func(*desk) {
	debit := func(account string) func(*desk) {
		return func(d *desk) {
			d.pay(d.checkout(nil), account)
			d.press(d.last("checkout.session"), "End the wait")
		}
	}
	return map[string]func(*desk){
		"checkout.session.completed":               func(d *desk) { d.member(goodCard) },
		"checkout.session.expired":                 func(d *desk) { d.press(d.checkout(nil), "Expire") },
		"checkout.session.async_payment_succeeded": debit("000123456789"),
		"checkout.session.async_payment_failed":    debit("000111111116"),
		"price.updated":                            func(d *desk) { d.press(d.price(), "Take off sale") },
		"price.deleted":                            func(d *desk) { d.press(d.price(), "Delete") },
		"product.updated":                          func(d *desk) { d.price(); d.press(d.last("product"), "Take off sale") },
		"product.deleted": func(d *desk) {
			d.press(d.price(), "Delete")
			d.press(d.last("product"), "Delete")
		},
	}
}

func subscriptionCauses() map[string]func(*desk) {
	later := func(do func(d *desk, sub, schedule string)) func(*desk) {
		return func(d *desk) { sub, schedule := d.changing(); do(d, sub, schedule) }
	}
	withoutCard := func(d *desk) string {
		sub := d.trial()
		d.press(d.last("customer"), "No card")
		d.press(sub, "Renew")
		return sub
	}
	tell := func(d *desk) { d.tell(d.member(goodCard)) }
	return map[string]func(*desk){
		"customer.subscription.created": func(d *desk) { d.member(goodCard) },
		"customer.subscription.updated": func(d *desk) { d.press(d.member(goodCard), "Cancel at the end") },
		"customer.subscription.deleted": func(d *desk) { d.press(d.member(goodCard), "Cancel now") },
		"customer.subscription.paused":  func(d *desk) { withoutCard(d) },
		"customer.subscription.resumed": func(d *desk) {
			sub := withoutCard(d)
			d.press(d.last("customer"), "Good card")
			d.press(sub, "Resume")
		},
		"customer.subscription.trial_will_end":         func(d *desk) { d.press(d.trial(), "Renew") },
		"customer.subscription.pending_update_applied": tell,
		"customer.subscription.pending_update_expired": tell,
		"subscription_schedule.updated":                later(func(d *desk, sub, _ string) { d.press(sub, "Renew") }),
		"subscription_schedule.released":               later(func(d *desk, _, schedule string) { d.press(schedule, "Release") }),
		"subscription_schedule.canceled":               later(func(d *desk, _, schedule string) { d.press(schedule, "Cancel both") }),
		"subscription_schedule.aborted":                later(func(d *desk, _, schedule string) { d.tell(schedule) }),
	}
}

func invoiceCauses() map[string]func(*desk) {
	renew := func(label string) func(*desk) {
		return func(d *desk) { d.press(d.member(goodCard), label) }
	}
	giveUp := func(label string) func(*desk) {
		return func(d *desk) { renew("Renew: it fails")(d); d.press(d.last("invoice"), label) }
	}
	return map[string]func(*desk){
		"invoice.finalized":               func(d *desk) { d.member(goodCard); d.press("", "To the next renewal") },
		"invoice.paid":                    renew("Renew: it is paid"),
		"invoice.payment_failed":          renew("Renew: it fails"),
		"invoice.payment_action_required": renew("Renew: the bank asks"),
		"invoice.voided":                  giveUp("Void"),
		"invoice.marked_uncollectible":    giveUp("Uncollectible"),
		"invoice.upcoming":                renew("Announce the renewal"),
		"invoice.finalization_failed":     func(d *desk) { d.member(goodCard); d.tell(d.last("invoice")) },
	}
}

func customerCauses() map[string]func(*desk) {
	press := func(labels ...string) func(*desk) {
		return func(d *desk) {
			d.member(goodCard)
			for _, label := range labels {
				d.press(d.last("customer"), label)
			}
		}
	}
	return map[string]func(*desk){
		"customer.updated":                     press("Good card"),
		"customer.deleted":                     press("Delete"),
		"customer.discount.created":            press("20 % off"),
		"customer.discount.updated":            press("20 % off", "20 % off"),
		"customer.discount.deleted":            press("20 % off", "Full price"),
		"payment_method.attached":              press("Bank asks each time"),
		"payment_method.detached":              press("No card"),
		"payment_method.updated":               press("Card expires"),
		"payment_method.automatically_updated": press("Network renews card"),
	}
}

const goodCard = "4242424242424242"

// desk is where a person sits at the sandbox's dashboard and waits for one type
// of event. The backend's part, that there is something to sit at, is done
// through the API.
type desk struct {
	t         *testing.T
	url, kind string
	before    int // how often it had come before the last thing she did
}

func newDesk(t *testing.T, kind string) *desk {
	t.Helper()
	box, err := stripesandbox.New(stripesandbox.Config{})
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
	return &desk{t: t, url: srv.URL, kind: kind}
}

// press presses the button with that label in the row of an object, or above
// all rows.
func (d *desk) press(id, label string) {
	d.t.Helper()
	page := d.send(http.MethodGet, "/", nil, http.StatusOK)
	part, _, _ := strings.Cut(page, "<table>")
	if id != "" {
		rows := regexp.MustCompile(`(?s)<tr><td>[^\n]*?<code>`+regexp.QuoteMeta(id)+`</code>.*?</tr>`).FindAllString(page, -1)
		part = strings.Join(rows, "")
	}
	form := regexp.MustCompile(`<form[^>]*action="([^"]*)">((?:<input[^>]*>)*)<button>` + regexp.QuoteMeta(html.EscapeString(label)) + `</button>`).FindStringSubmatch(part)
	if form == nil {
		d.t.Fatalf("there is no button %q for %q:\n%s", label, id, part)
	}
	fields := url.Values{}
	for _, field := range regexp.MustCompile(`name="([^"]*)" value="([^"]*)"`).FindAllStringSubmatch(form[2], -1) {
		fields.Set(field[1], html.UnescapeString(field[2]))
	}
	d.act(form[1], fields)
}

// tell uses the form for what no button brings about.
func (d *desk) tell(object string) {
	d.t.Helper()
	page := d.send(http.MethodGet, "/", nil, http.StatusOK)
	if !strings.Contains(page, `action="/_sandbox/emit"`) || !strings.Contains(page, `<option value="`+d.kind+`">`) {
		d.t.Fatalf("the dashboard does not offer to tell of %s", d.kind)
	}
	d.act("/_sandbox/emit", url.Values{"object": {object}, "type": {d.kind}})
}

// act sends a form, which must lead to another page.
func (d *desk) act(path string, form url.Values) {
	d.t.Helper()
	d.before = d.times()
	d.send(http.MethodPost, path, form, http.StatusSeeOther)
}

// pay pays a session on its page.
func (d *desk) pay(session, card string) {
	d.t.Helper()
	d.act("/pay/"+session, url.Values{"card": {card}})
}

// price makes a product with a price.
func (d *desk) price() string {
	d.t.Helper()
	d.api("products", url.Values{"name": {"Circle"}})
	return d.api("prices", url.Values{"product": {d.last("product")}, "currency": {"usd"}, "unit_amount": {"4900"}, "recurring[interval]": {"month"}})
}

func (d *desk) checkout(more url.Values) string {
	d.t.Helper()
	form := url.Values{
		"mode": {"subscription"}, "success_url": {"https://app.test/"}, "line_items[0][price]": {d.price()}, "line_items[0][quantity]": {"1"},
	}
	maps.Copy(form, more)
	return d.api("checkout/sessions", form)
}

func (d *desk) member(card string) string {
	d.t.Helper()
	d.pay(d.checkout(nil), card)
	return d.last("subscription")
}

// trial is a member of whom no money was taken yet.
func (d *desk) trial() string {
	d.t.Helper()
	d.pay(d.checkout(url.Values{
		"subscription_data[trial_period_days]": {"14"}, "subscription_data[trial_settings][end_behavior][missing_payment_method]": {"pause"},
	}), goodCard)
	return d.last("subscription")
}

// changing is a member who has another price from the next period on.
func (d *desk) changing() (sub, schedule string) {
	d.t.Helper()
	sub = d.member(goodCard)
	schedule = d.api("subscription_schedules", url.Values{"from_subscription": {sub}})
	var was struct {
		Phases []struct {
			End   int64 `json:"end_date"`
			Start int64 `json:"start_date"`
			Items []struct{ Price string }
		}
	}
	d.read("/v1/subscription_schedules/"+schedule, &was)
	now := was.Phases[0]
	d.api("subscription_schedules/"+schedule, url.Values{
		"phases[0][items][0][price]": {now.Items[0].Price}, "phases[0][start_date]": {strconv.FormatInt(now.Start, 10)},
		"phases[0][end_date]": {strconv.FormatInt(now.End, 10)}, "phases[1][items][0][price]": {d.price()}, "phases[1][iterations]": {"1"},
	})
	return sub, schedule
}

// api creates something, as our backend does, and gives its id.
func (d *desk) api(path string, form url.Values) string {
	d.t.Helper()
	var made struct{ ID string }
	text := d.send(http.MethodPost, "/v1/"+path, form, http.StatusOK)
	if err := json.Unmarshal([]byte(text), &made); err != nil || made.ID == "" {
		d.t.Fatalf("%s: %v %s", path, err, text)
	}
	return made.ID
}

func (d *desk) read(path string, into any) {
	d.t.Helper()
	if err := json.Unmarshal([]byte(d.send(http.MethodGet, path, nil, http.StatusOK)), into); err != nil {
		d.t.Fatal(err)
	}
}

// latest gives one field of all objects of a kind, the newest first.
func (d *desk) latest(kind, field string) []string {
	d.t.Helper()
	path, given := map[string]string{"checkout.session": "checkout/sessions"}[kind]
	if !given {
		path = kind + "s"
	}
	var list struct{ Data []map[string]any }
	d.read("/v1/"+path+"?limit=100", &list)
	values := make([]string, len(list.Data))
	for i, o := range list.Data {
		values[i], _ = o[field].(string)
	}
	return values
}

func (d *desk) last(kind string) string {
	d.t.Helper()
	ids := d.latest(kind, "id")
	if len(ids) == 0 {
		d.t.Fatalf("there is no %s", kind)
	}
	return ids[0]
}

// times is how often the event has come.
func (d *desk) times() int {
	d.t.Helper()
	n := 0
	for _, kind := range d.latest("event", "type") {
		if kind == d.kind {
			n++
		}
	}
	return n
}

// send asks as a browser does, without following.
func (d *desk) send(method, path string, form url.Values, want int) string {
	d.t.Helper()
	req, err := http.NewRequestWithContext(d.t.Context(), method, d.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		d.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "text/html")
	req.Header.Set("Authorization", "Bearer sk_test_desk")
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	if resp.StatusCode != want {
		d.t.Fatalf("%s %s %v answered %d: %s", method, path, form, resp.StatusCode, text)
	}
	return string(text)
}
