package reminder_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
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
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
	"github.com/womens-tech-conservatory/conservatory/internal/reminder"
	"github.com/womens-tech-conservatory/conservatory/pkg/mailsink"
	"github.com/womens-tech-conservatory/conservatory/pkg/stripesandbox"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const (
	secretKey     = "sk_test_reminder"
	webhookSecret = "whsec_0123456789abcdef0123456789abcdef"
	goodCard      = "4242424242424242"
	failsLater    = "4000000000000341"
	needsAuth     = "4000002760003184" // at every payment
	frontend      = "https://club.test"
)

// boxClock tells the simulated time of a sandbox.
type boxClock struct{ box *stripesandbox.Sandbox }

func (c boxClock) Now() time.Time { return c.box.Now().UTC().Truncate(time.Microsecond) }

// rig is billing with its letters, the sandbox and a mailbox.
type rig struct {
	t       *testing.T
	db      *pg.DB
	box     *stripesandbox.Sandbox
	url     string
	sink    *mailsink.Sink
	workers []worker
}

// worker is one process of ours.
type worker struct {
	queue    *job.Queue
	billing  *billing.Billing
	reminder *reminder.Reminder
}

// promiser is filled in when the reminder is there.
type promiser struct{ to *reminder.Reminder }

func (p *promiser) Promise(ctx context.Context, userID uuid.UUID, c billing.Cause) error {
	return p.to.Promise(ctx, userID, c)
}

// acts takes what is audited, and keeps none of it.
type acts struct{}

func (acts) Act(context.Context, uuid.UUID, string, string, string, map[string]string) error {
	return nil
}

// newRig starts so many workers on one database. Webhooks go to all of them,
// each event to every one.
func newRig(t *testing.T, workers int) *rig {
	t.Helper()
	box, err := stripesandbox.New(stripesandbox.Config{SecretKey: secretKey})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(box)
	box.SetBaseURL(server.URL)
	r := &rig{t: t, db: pgtest.New(t), box: box, url: server.URL}
	if r.sink, err = mailsink.New(mailsink.Config{}); err != nil {
		t.Fatal(err)
	}
	smtp, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go r.sink.ServeSMTP(smtp)
	for range workers {
		r.workers = append(r.workers, r.worker(smtp.Addr().String()))
	}
	receiver := httptest.NewServer(http.HandlerFunc(r.receive))
	box.SetWebhook(receiver.URL, webhookSecret)
	box.Start(t.Context())
	t.Cleanup(func() {
		_ = box.Close()
		receiver.Close()
		server.Close()
		_ = r.sink.Close()
	})
	spec := []membership.PlanSpec{{
		Slug: "circle", Name: "Circle", Position: 1,
		Prices: []membership.PriceSpec{
			{Key: "monthly", Interval: "month", AmountMinor: 4900, Currency: "usd"},
			{Key: "annual", Interval: "year", AmountMinor: 49000, Currency: "usd", TrialDays: 14},
		},
	}}
	if err := r.workers[0].billing.Setup(t.Context(), spec, billing.SetupOptions{}, io.Discard); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *rig) worker(smtp string) worker {
	r.t.Helper()
	clock := boxClock{r.box}
	q, err := job.New(r.db, job.Config{Poll: 100 * time.Millisecond})
	if err != nil {
		r.t.Fatal(err)
	}
	mailer, err := mail.New(mail.Config{URL: "smtp://" + smtp + "?tls=none", From: "Women's Tech Conservatory <hello@club.test>", Outside: r.db.Outside})
	if err != nil {
		r.t.Fatal(err)
	}
	late := &promiser{}
	b, err := billing.New(r.db, clock, membership.New(r.db, clock, outbox.New(r.db, clock)), q, billing.Config{
		SecretKey: secretKey, APIBase: r.url, WebhookSecrets: []string{webhookSecret}, SuccessURL: frontend + "/welcome", CancelURL: frontend + "/plans",
		ReturnURL: frontend, Auditor: acts{}, Reminder: late,
	}, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	late.to, err = reminder.New(r.db, clock, q, mailer, b, reminder.Config{Secret: []byte(strings.Repeat("s", 32)), BaseURL: "https://api.club.test", FrontendURL: frontend})
	if err != nil {
		r.t.Fatal(err)
	}
	if err := q.Start(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := q.Stop(ctx); err != nil {
			r.t.Error(err)
		}
	})
	return worker{q, b, late.to}
}

// receive hands an event to every worker, as when Stripe repeats it.
func (r *rig) receive(w http.ResponseWriter, req *http.Request) {
	payload, err := io.ReadAll(req.Body)
	for _, each := range r.workers {
		if err == nil {
			err = each.billing.Receive(req.Context(), payload, req.Header.Get("Stripe-Signature"))
		}
	}
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
	}
}

func (r *rig) user() account.Actor {
	r.t.Helper()
	id := pg.NewID()
	_, err := r.db.Pool().Exec(r.t.Context(), `INSERT INTO users (id, email, email_key, display_name, time_zone, state, version, created_at, updated_at)
		VALUES ($1, $2, $2, 'Maria', 'Europe/Berlin', 'active', 1, now(), now())`, id, id.String()+"@x.test")
	if err != nil {
		r.t.Fatal(err)
	}
	return account.Actor{ID: id, Verified: true}
}

// admin is a user who is one.
func (r *rig) admin() account.Actor {
	r.t.Helper()
	who := r.user()
	if _, err := r.db.Pool().Exec(r.t.Context(), `INSERT INTO user_roles (id, user_id, role, granted_at) VALUES ($1, $2, 'admin', now())`, pg.NewID(), who.ID); err != nil {
		r.t.Fatal(err)
	}
	return who
}

func (r *rig) join(price, card string) account.Actor {
	r.t.Helper()
	who := r.user()
	c, _, err := r.workers[0].billing.StartCheckout(r.t.Context(), who, billing.Choice{Plan: "circle", Price: price})
	if err != nil {
		r.t.Fatal(err)
	}
	r.control("sessions/"+c.URL[strings.LastIndexByte(c.URL, '/')+1:]+"/pay", `{"card":"`+card+`","authenticate":true}`)
	r.settle()
	return who
}

func (r *rig) control(path, body string) {
	r.t.Helper()
	r.send(http.MethodPost, "/_sandbox/"+path, "application/json", body)
}

func (r *rig) send(method, path, media, body string) string {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.url+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Content-Type", media)
	req.Header.Set("Authorization", "Bearer "+secretKey)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		r.t.Fatalf("%s %s: %d %s %v", method, path, res.StatusCode, text, err)
	}
	return string(text)
}

// settle waits until everything is delivered and done.
func (r *rig) settle() {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 60*time.Second)
	defer cancel()
	if err := r.box.WaitIdle(ctx); err != nil {
		r.t.Fatal(err)
	}
	for _, w := range r.workers {
		if err := w.queue.WaitIdle(ctx); err != nil {
			r.t.Fatal(err)
		}
	}
}

// later is some time later, with everything that happens meanwhile.
func (r *rig) later(d time.Duration) {
	r.t.Helper()
	r.box.Advance(d)
	r.settle()
	for _, w := range r.workers { // each goes round, as at the turn of an hour
		if err := w.reminder.Round(r.t.Context()); err != nil {
			r.t.Fatal(err)
		}
		if err := w.reminder.CheckCards(r.t.Context()); err != nil {
			r.t.Fatal(err)
		}
	}
	r.settle()
}

// letters are what somebody was sent, the oldest first.
func (r *rig) letters(who account.Actor) []mailsink.Message {
	r.t.Helper()
	all := slices.Clone(r.sink.Messages(who.ID.String() + "@x.test"))
	slices.Reverse(all)
	return all
}

// got asks that somebody was sent letters with these subjects, and no others.
func (r *rig) got(who account.Actor, subjects ...string) {
	r.t.Helper()
	var all []string
	for _, m := range r.letters(who) {
		all = append(all, m.Subject)
	}
	if len(all) != len(subjects) {
		r.t.Fatalf("got %q, want %q", all, subjects)
	}
	for i, want := range subjects {
		if !strings.HasPrefix(all[i], want) {
			r.t.Errorf("got %q, want %q", all[i], want)
		}
	}
}

// text reads one text of a row.
func (r *rig) text(sql string, args ...any) (text string) {
	r.t.Helper()
	if err := r.db.Pool().QueryRow(r.t.Context(), sql, args...).Scan(&text); err != nil {
		r.t.Fatal(err)
	}
	return text
}
