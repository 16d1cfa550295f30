package pause_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/job"
	"github.com/womens-tech-conservatory/conservatory/internal/mail"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
	"github.com/womens-tech-conservatory/conservatory/internal/outbox"
	"github.com/womens-tech-conservatory/conservatory/internal/pause"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
	"github.com/womens-tech-conservatory/conservatory/pkg/mailsink"
	"github.com/womens-tech-conservatory/conservatory/pkg/stripesandbox"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const key = "sk_test_pause"

// boxClock tells the simulated time of a sandbox.
type boxClock struct{ box *stripesandbox.Sandbox }

func (c boxClock) Now() time.Time { return c.box.Now().UTC().Truncate(time.Microsecond) }

// acts keeps what was audited.
type acts map[string]map[string]string

func (a acts) Act(_ context.Context, _ uuid.UUID, action, _, _ string, detail map[string]string) error {
	a[action] = detail
	return nil
}

// rig is pauses with everything behind them: a database, billing and the
// sandbox, whose clock stands still unless a test moves it. Webhooks are not
// needed: what is asked is taken over at once.
type rig struct {
	t          *testing.T
	db         *pg.DB
	box        *stripesandbox.Sandbox
	url        string
	queue      *job.Queue
	membership *membership.Membership
	billing    *billing.Billing
	pause      *pause.Pause
	mail       *mailsink.Sink
	acts       acts
}

func newRig(t *testing.T, start time.Time) *rig {
	t.Helper()
	box, err := stripesandbox.New(stripesandbox.Config{SecretKey: key, Now: func() time.Time { return start }})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(box)
	box.SetBaseURL(server.URL)
	r := &rig{t: t, db: pgtest.New(t), box: box, url: server.URL, acts: acts{}}
	t.Cleanup(func() {
		_ = box.Close()
		server.Close()
	})
	clock := boxClock{box}
	if r.queue, err = job.New(r.db, job.Config{Poll: 100 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	r.membership = membership.New(r.db, clock, outbox.New(r.db, clock))
	r.billing, err = billing.New(r.db, clock, r.membership, r.queue, billing.Config{
		SecretKey: key, APIBase: server.URL, WebhookSecrets: []string{"whsec_0123456789abcdef0123456789abcdef"}, Auditor: r.acts,
		SuccessURL: "https://club.test/welcome", CancelURL: "https://club.test/plans", ReturnURL: "https://club.test/membership",
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.pause, err = pause.New(r.db, clock, r.queue, pause.Config{
		Membership: r.membership, Billing: r.billing, Auditor: r.acts, Mailer: r.relay(), FrontendURL: "https://club.test",
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.billing.Setup(t.Context(), []membership.PlanSpec{{Slug: "circle", Name: "Circle", Position: 1, Prices: []membership.PriceSpec{
		{Key: "monthly", Interval: "month", AmountMinor: 4900, Currency: "usd"},
		{Key: "quarterly", Interval: "month", IntervalCount: 3, AmountMinor: 13500, Currency: "usd"},
		{Key: "annual", Interval: "year", AmountMinor: 49000, Currency: "usd"},
		{Key: "trial", Interval: "month", AmountMinor: 4900, Currency: "usd", TrialDays: 14},
	}}}, billing.SetupOptions{}, io.Discard); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *rig) relay() *mail.Mailer {
	r.t.Helper()
	sink, err := mailsink.New(mailsink.Config{})
	if err != nil {
		r.t.Fatal(err)
	}
	r.mail = sink
	l, err := new(net.ListenConfig).Listen(r.t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		r.t.Fatal(err)
	}
	go func() { _ = sink.ServeSMTP(l) }() // ends with Close
	r.t.Cleanup(func() { _ = sink.Close() })
	m, err := mail.New(mail.Config{URL: "smtp://" + l.Addr().String() + "?tls=none", From: "hello@club.test", MessageIDDomain: "club.test", Outside: r.db.Outside})
	if err != nil {
		r.t.Fatal(err)
	}
	return m
}

// join is a member in a time zone who has paid for a price.
func (r *rig) join(price, zone string) account.Actor {
	r.t.Helper()
	id := pg.NewID()
	_, err := r.db.Pool().Exec(r.t.Context(), `INSERT INTO users (id, email, email_key, display_name, time_zone, state, version, created_at, updated_at)
		VALUES ($1, $2, $2, 'Ada', $3, 'active', 1, now(), now())`, id, id.String()+"@x.test", zone)
	if err != nil {
		r.t.Fatal(err)
	}
	who := account.Actor{ID: id, Verified: true}
	open, _, err := r.billing.StartCheckout(r.t.Context(), who, billing.Choice{Plan: "circle", Price: price})
	if err != nil {
		r.t.Fatal(err)
	}
	r.control("POST", "sessions/"+open.URL[strings.LastIndexByte(open.URL, '/')+1:]+"/pay", `{"card":"4242424242424242"}`)
	r.sync(who)
	return who
}

func (r *rig) customer(who account.Actor) string {
	r.t.Helper()
	id, err := r.billing.Customer(r.t.Context(), who.ID)
	if err != nil {
		r.t.Fatal(err)
	}
	return id
}

func (r *rig) sync(who account.Actor) {
	r.t.Helper()
	if err := r.billing.SyncCustomer(r.t.Context(), r.customer(who), "test", time.Time{}); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) line(who account.Actor) membership.Line {
	r.t.Helper()
	own, err := r.membership.Of(r.t.Context(), who.ID)
	if err != nil || len(own.Subscriptions) != 1 {
		r.t.Fatalf("%+v, %v", own, err)
	}
	return own.Subscriptions[0]
}

func (r *rig) access(who account.Actor) membership.Access {
	r.t.Helper()
	a, err := r.membership.Access(r.t.Context(), who.ID)
	if err != nil {
		r.t.Fatal(err)
	}
	return a
}

// watch is what happens every minute.
func (r *rig) watch() {
	r.t.Helper()
	if err := r.pause.Watch(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
}

// to moves the time to a moment, looks after what is due, and takes over.
func (r *rig) to(at time.Time, who account.Actor) {
	r.t.Helper()
	r.box.Advance(at.Sub(r.box.Now()))
	r.watch()
	r.sync(who)
}

func (r *rig) control(method, path, body string) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.url+"/_sandbox/"+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	if text, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusOK {
		r.t.Fatalf("%s: %d %s", path, res.StatusCode, text)
	}
}

// queue2 is a queue that nobody works.
func (r *rig) queue2() *job.Queue {
	r.t.Helper()
	q, err := job.New(r.db, job.Config{Poll: 100 * time.Millisecond})
	if err != nil {
		r.t.Fatal(err)
	}
	return q
}

// settle waits until all jobs are done.
func (r *rig) settle() {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 30*time.Second)
	defer cancel()
	if err := r.queue.WaitIdle(ctx); err != nil {
		r.t.Fatal(err)
	}
}

// stripe does something as Stripe's dashboard would.
func (r *rig) stripe(method, path string) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.url+path, http.NoBody)
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		r.t.Fatalf("%s: %d", path, res.StatusCode)
	}
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

func (r *rig) series(who account.Actor, series membership.Series) int {
	r.t.Helper()
	return r.number(`SELECT coalesce(sum(annual_delta), 0)::int FROM membership_ledger WHERE user_id = $1 AND series = $2`, who.ID, series)
}

// charges are the moments at which her card was charged.
func (r *rig) charges(who account.Actor) (at []time.Time) {
	r.t.Helper()
	for _, e := range r.box.Journal() {
		if e.Kind == "charge" && e.Outcome == "succeeded" && e.Customer == r.customer(who) {
			at = append(at, e.At.Truncate(time.Second))
		}
	}
	return at
}

func day(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}
