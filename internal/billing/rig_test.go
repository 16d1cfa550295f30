package billing_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/job"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
	"github.com/womens-tech-conservatory/conservatory/internal/outbox"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
	"github.com/womens-tech-conservatory/conservatory/pkg/stripesandbox"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const (
	secretKey     = "sk_test_billing"
	webhookSecret = "whsec_0123456789abcdef0123456789abcdef"
	goodCard      = "4242424242424242"
	failsLater    = "4000000000000341" // pays at checkout, fails at every renewal
)

// boxClock tells the simulated time of a sandbox.
type boxClock struct{ box *stripesandbox.Sandbox }

func (c boxClock) Now() time.Time { return c.box.Now().UTC().Truncate(time.Microsecond) }

// rig is the whole way: our code, a database, the sandbox, and the webhooks
// between them.
type rig struct {
	t          *testing.T
	db         *pg.DB
	box        *stripesandbox.Sandbox
	url        string
	queue      *job.Queue
	membership *membership.Membership
	billing    *billing.Billing
	mailbox    *mailbox
	acts       acts
	referee    *referee
}

// mailbox is where the sandbox delivers. Unless it holds, it passes on at once.
type mailbox struct {
	mu      sync.Mutex
	billing *billing.Billing
	hold    bool
	held    []letter
}

type letter struct {
	payload   []byte
	signature string
}

func (m *mailbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	payload, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	m.mu.Lock()
	hold := m.hold
	if hold {
		m.held = append(m.held, letter{payload, r.Header.Get("Stripe-Signature")})
	}
	m.mu.Unlock()
	if hold {
		return
	}
	if err := m.billing.Receive(r.Context(), payload, r.Header.Get("Stripe-Signature")); err != nil {
		w.WriteHeader(http.StatusInternalServerError)
	}
}

// take gives what was held, and holds on.
func (m *mailbox) take() []letter {
	m.mu.Lock()
	defer m.mu.Unlock()
	held := m.held
	m.held = nil
	return held
}

func config(base string, transport http.RoundTripper, auditor account.Auditor) billing.Config {
	return billing.Config{
		SecretKey: secretKey, APIBase: base, WebhookSecrets: []string{"whsec_of_the_year_before", webhookSecret},
		SuccessURL: "https://club.test/welcome?session={CHECKOUT_SESSION_ID}", CancelURL: "https://club.test/plans",
		ReturnURL: "https://club.test/membership", PurchaseURL: "https://club.test/thanks?purchase={PURCHASE_ID}", Auditor: auditor, Transport: transport,
	}
}

// newRig starts everything, with the plan circle at Stripe. Jobs are worked.
func newRig(t *testing.T) *rig {
	t.Helper()
	r := newIdleRig(t)
	if err := r.queue.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := r.queue.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return r
}

// newIdleRig is newRig without anybody who works the jobs.
func newIdleRig(t *testing.T) *rig {
	t.Helper()
	box, err := stripesandbox.New(stripesandbox.Config{SecretKey: secretKey})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(box)
	box.SetBaseURL(server.URL)
	r := &rig{t: t, db: pgtest.New(t), box: box, url: server.URL, mailbox: &mailbox{}, acts: acts{}, referee: newReferee(t)}
	clock := boxClock{box}
	if r.queue, err = job.New(r.db, job.Config{Poll: 100 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	r.membership = membership.New(r.db, clock, outbox.New(r.db, clock))
	r.billing, err = billing.New(r.db, clock, r.membership, r.queue, config(server.URL, r.referee, r.acts), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.mailbox.billing = r.billing
	receiver := httptest.NewServer(r.mailbox)
	box.SetWebhook(receiver.URL, webhookSecret)
	box.Start(t.Context())
	t.Cleanup(func() {
		_ = box.Close()
		receiver.Close()
		server.Close()
	})
	if err := r.billing.Setup(t.Context(), plans(4900), billing.SetupOptions{}, io.Discard); err != nil {
		t.Fatal(err)
	}
	return r
}

func plans(monthly int64) []membership.PlanSpec {
	return []membership.PlanSpec{{
		Slug: "circle", Name: "Circle", Description: "All of it.", Benefits: []string{"Spaces"}, Position: 1,
		Prices: []membership.PriceSpec{
			{Key: "monthly", Interval: "month", AmountMinor: monthly, Currency: "usd"},
			{Key: "annual", Interval: "year", AmountMinor: 49000, Currency: "usd", TrialDays: 14},
		},
	}}
}

func (r *rig) user() account.Actor {
	r.t.Helper()
	id := pg.NewID()
	_, err := r.db.Pool().Exec(r.t.Context(), `INSERT INTO users (id, email, email_key, display_name, time_zone, state, version, created_at, updated_at)
		VALUES ($1, $2, $2, 'Ada', 'UTC', 'active', 1, now(), now())`, id, id.String()+"@x.test")
	if err != nil {
		r.t.Fatal(err)
	}
	return account.Actor{ID: id, Verified: true}
}

func (r *rig) checkout(who account.Actor, price string) billing.Checkout {
	r.t.Helper()
	c, _, err := r.billing.StartCheckout(r.t.Context(), who, billing.Choice{Plan: "circle", Price: price})
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

// pay pays an open checkout on Stripe's page.
func (r *rig) pay(c billing.Checkout, card string) {
	r.t.Helper()
	r.control("POST", "sessions/"+c.URL[strings.LastIndexByte(c.URL, '/')+1:]+"/pay", `{"card":"`+card+`"}`)
}

// join is a checkout that is paid and arrived.
func (r *rig) join(card string) account.Actor {
	r.t.Helper()
	who := r.user()
	r.pay(r.checkout(who, "monthly"), card)
	r.settle()
	return who
}

// settle waits until all webhooks are delivered and all jobs are done.
func (r *rig) settle() {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 60*time.Second)
	defer cancel()
	if err := r.box.WaitIdle(ctx); err != nil {
		r.t.Fatal(err)
	}
	if err := r.queue.WaitIdle(ctx); err != nil {
		r.t.Fatal(err)
	}
}

// control speaks to the control side of the sandbox.
func (r *rig) control(method, path, body string) {
	r.t.Helper()
	r.send(method, "/_sandbox/"+path, strings.NewReader(body), "application/json")
}

// stripe speaks to the sandbox as Stripe's dashboard would.
func (r *rig) stripe(method, path string, form url.Values) map[string]any {
	r.t.Helper()
	if method == http.MethodGet {
		return r.send(method, path+"?"+form.Encode(), nil, "")
	}
	return r.send(method, path, strings.NewReader(form.Encode()), "application/x-www-form-urlencoded")
}

func (r *rig) send(method, path string, body io.Reader, mediaType string) map[string]any {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.url+path, body)
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+secretKey)
	req.Header.Set("Content-Type", mediaType)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	var text bytes.Buffer
	if _, err := text.ReadFrom(res.Body); err != nil {
		r.t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		r.t.Fatalf("%s %s: %d %s", method, path, res.StatusCode, text.String())
	}
	var out map[string]any
	if err := json.Unmarshal(text.Bytes(), &out); err != nil {
		r.t.Fatal(err)
	}
	return out
}

// fail orders the next calls to fail.
func (r *rig) fail(kind, method, path string, count string) {
	r.t.Helper()
	r.control("POST", "faults", `{"kind":"`+kind+`","method":"`+method+`","path":"`+path+`","count":`+count+`}`)
}

func (r *rig) access(who account.Actor) membership.Access {
	r.t.Helper()
	a, err := r.membership.Access(r.t.Context(), who.ID)
	if err != nil {
		r.t.Fatal(err)
	}
	return a
}

// number reads one number.
func (r *rig) number(sql string, args ...any) int {
	r.t.Helper()
	var n int
	if err := r.db.Pool().QueryRow(r.t.Context(), sql, args...).Scan(&n); err != nil {
		r.t.Fatal(err)
	}
	return n
}

func (r *rig) mrr(who account.Actor) int {
	r.t.Helper()
	return r.number(`SELECT coalesce(sum(annual_delta), 0)::int FROM membership_ledger WHERE user_id = $1 AND series = 'mrr'`, who.ID)
}

func (r *rig) customer(who uuid.UUID) string {
	r.t.Helper()
	id, err := r.billing.Customer(r.t.Context(), who)
	if err != nil {
		r.t.Fatal(err)
	}
	return id
}

// made counts what the sandbox really made, whatever was answered.
func (r *rig) made(path string, form url.Values) int {
	r.t.Helper()
	list, _ := r.stripe(http.MethodGet, path, form)["data"].([]any)
	return len(list)
}
