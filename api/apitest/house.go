// Package apitest runs the whole house for tests: real PostgreSQL, real HTTP,
// the Stripe sandbox with signed webhooks, real mail to a sink. Every answer
// is checked against the contract.
package apitest

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/womens-tech-conservatory/conservatory/api/server"
	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/identity/oidctest"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
	"github.com/womens-tech-conservatory/conservatory/pkg/mailsink"
	"github.com/womens-tech-conservatory/conservatory/pkg/stripesandbox"
)

// Origin is a frontend that the house lets in.
const Origin = "http://frontend.example"

// WebhookSecret signs what the sandbox sends.
const WebhookSecret = "whsec_for_tests_and_nothing_else_0000"

// House is a running one.
type House struct {
	App     *server.App
	URL     string
	Sandbox *stripesandbox.Sandbox
	Stripe  string // the sandbox's address
	Mail    *mailsink.Sink
	// Provider is an OpenID Connect provider that the house lets people in by.
	Provider *oidctest.Provider
	client   *http.Client
	clock    clock.Clock
	begun    *atomic.Bool // the jobs of the start are in the queue
}

// Option changes the configuration before the house is built.
type Option func(*server.Config)

// New runs a house until the test ends. Worker and API are one process.
func New(t testing.TB, options ...Option) *House {
	t.Helper()
	return At(t, clock.System{}, options...)
}

// At is New by a clock that the test moves.
func At(t testing.TB, c clock.Clock, options ...Option) *House {
	t.Helper()
	h := &House{client: &http.Client{Timeout: 30 * time.Second}, clock: c, begun: &atomic.Bool{}}
	smtp := h.mail(t)
	h.stripe(t)
	h.Provider = oidctest.New(t, clock.System{}.Now)
	listener := listen(t)
	h.URL = "http://" + listener.Addr().String()
	h.Sandbox.SetWebhook(h.URL+"/v1/webhooks/stripe", WebhookSecret)
	cfg, err := server.ReadConfig([]string{
		"CONSERVATORY_ADDR=" + listener.Addr().String(), "CONSERVATORY_BASE_URL=" + h.URL, "CONSERVATORY_ADMIN_ADDR=",
		"CONSERVATORY_FRONTEND_URL=" + Origin, "CONSERVATORY_FRONTEND_ORIGINS=" + Origin, "CONSERVATORY_RATE_LIMIT_FACTOR=1000",
		"CONSERVATORY_TOKEN_KEYS=" + base64.StdEncoding.EncodeToString(random(32)),
		"CONSERVATORY_SECRET=" + base64.StdEncoding.EncodeToString(random(48)),
		"DATABASE_URL=" + pgtest.URL(t), "SMTP_URL=smtp://" + smtp + "?tls=none",
		"CONSERVATORY_OIDC_PROVIDERS=" + h.Provider.Describe(ProviderName),
		"STRIPE_SECRET_KEY=sk_test_sandbox", "STRIPE_API_BASE=" + h.Stripe, "STRIPE_WEBHOOK_SECRETS=" + WebhookSecret,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, option := range options {
		option(&cfg)
	}
	if err := cfg.Check(); err != nil {
		t.Fatal(err)
	}
	h.run(t, cfg, listener)
	return h
}

func (h *House) run(t testing.TB, cfg server.Config, listener net.Listener) {
	t.Helper()
	h.App = h.start(t, cfg, server.Parts{API: true, Worker: true}, listener)
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	h.Sandbox.Start(ctx)
}

// start runs a process until the test ends.
func (h *House) start(t testing.TB, cfg server.Config, parts server.Parts, listener net.Listener) *server.App {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	switch {
	case cfg.LogLevel == slog.LevelDebug: // see Listen
		log = slog.Default()
	case testing.Verbose():
		log = server.NewLogger(testWriter{t}, slog.LevelWarn)
	}
	app, err := server.New(t.Context(), cfg, h.clock, log)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- app.Run(ctx, parts, server.Listeners{API: listener}) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("stop the house: %v", err)
		}
		app.Close()
	})
	return app
}

// Replica runs a second process of the API on the same database, until the
// test ends.
func (h *House) Replica(t testing.TB) *House {
	t.Helper()
	listener := listen(t)
	twin := *h
	twin.URL = "http://" + listener.Addr().String()
	twin.App = h.start(t, h.App.Config, server.Parts{API: true}, listener)
	return &twin
}

func (h *House) mail(t testing.TB) (address string) {
	t.Helper()
	var err error
	if h.Mail, err = mailsink.New(mailsink.Config{}); err != nil {
		t.Fatal(err)
	}
	l := listen(t)
	go func() { _ = h.Mail.ServeSMTP(l) }() // ends with Close
	t.Cleanup(func() { _ = h.Mail.Close() })
	return l.Addr().String()
}

func (h *House) stripe(t testing.TB) {
	t.Helper()
	var err error
	if h.Sandbox, err = stripesandbox.New(stripesandbox.Config{SecretKey: "sk_test_sandbox"}); err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(h.Sandbox)
	h.Stripe = s.URL
	h.Sandbox.SetBaseURL(s.URL)
	t.Cleanup(func() {
		_ = h.Sandbox.Close()
		s.Close()
	})
}

// Settle waits until every webhook is delivered and every job is done, those
// of the start too.
func (h *House) Settle(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	h.begin(ctx, t)
	if err := h.Sandbox.WaitIdle(ctx); err != nil {
		t.Fatal(err)
	}
	if err := h.App.Queue.WaitIdle(ctx); err != nil {
		t.Fatal(err)
	}
}

// begin waits for the jobs that a worker does at its start: they come when it
// is elected, which may be after the first requests.
func (h *House) begin(ctx context.Context, t testing.TB) {
	t.Helper()
	for !h.begun.Load() {
		var n int
		if err := h.App.DB.Pool().QueryRow(ctx, `SELECT count(*) FROM river_job WHERE kind = 'billing.reconcile_all'`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		h.begun.Store(n > 0)
		time.Sleep(time.Millisecond)
	}
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}

type testWriter struct{ t testing.TB }

// Write logs a line of the house into the test.
func (w testWriter) Write(p []byte) (int, error) {
	w.t.Logf("%s", p)
	return len(p), nil
}

// SetUpStripe puts plans into the sandbox and the catalogue.
func (h *House) SetUpStripe(t testing.TB, plans []membership.PlanSpec) error {
	t.Helper()
	return h.App.Billing.Setup(t.Context(), plans, billing.SetupOptions{}, io.Discard)
}

// Control runs a control operation of the sandbox.
func (h *House) Control(t testing.TB, path, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.Stripe+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := h.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // it was only read
	if text, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s answered %d: %s (%v)", path, resp.StatusCode, text, err)
	}
}

// StripeEmail is the address that Stripe writes to.
func (h *House) StripeEmail(t testing.TB, customer string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.Stripe+"/v1/customers/"+customer, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer sk_test_sandbox")
	resp, err := h.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // it was only read
	var c struct {
		Email string `json:"email"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&c); err != nil {
		t.Fatal(err)
	}
	return c.Email
}
