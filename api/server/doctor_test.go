package server

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/identity/oidctest"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
	"github.com/womens-tech-conservatory/conservatory/pkg/mailsink"
	"github.com/womens-tech-conservatory/conservatory/pkg/ratelimit/redistest"
	"github.com/womens-tech-conservatory/conservatory/pkg/stripesandbox"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// patient is a deployment in good health: every part of it is real.
type patient struct {
	vars   map[string]string
	db     *pg.DB
	stripe string
	api    string
	origin string
}

const stripeKey = "sk_test_doctor_in_the_house"

func healthy(t *testing.T) *patient {
	t.Helper()
	p := &patient{db: pgtest.New(t)}
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }))
	t.Cleanup(api.Close)
	box, err := stripesandbox.New(stripesandbox.Config{SecretKey: stripeKey})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = box.Close() })
	stripe := httptest.NewServer(box)
	t.Cleanup(stripe.Close)
	p.api, p.stripe, p.origin = api.URL, stripe.URL, "http://app.conservatory.test"
	p.vars = with("CONSERVATORY_ENV", "development", "DATABASE_URL", p.db.URL(), "STRIPE_SECRET_KEY", stripeKey, "STRIPE_API_BASE", p.stripe,
		"CONSERVATORY_BASE_URL", p.api, "SMTP_URL", "smtp://"+relay(t)+"?tls=none", "CONSERVATORY_FRONTEND_URL", p.origin,
		"CONSERVATORY_FRONTEND_ORIGINS", p.origin, "CONSERVATORY_OIDC_PROVIDERS", oidctest.New(t, time.Now).Describe("work"),
		"CONSERVATORY_REDIS_URL", redistest.Run(t).URL)
	p.post(t, "webhook_endpoints", url.Values{"url": {p.api + "/v1/webhooks/stripe"}, "enabled_events[]": {"*"}, "api_version": {"2023-10-16"}})
	p.post(t, "products", url.Values{"id": {"prod_circle"}, "name": {"Circle"}})
	price := p.post(t, "prices", url.Values{
		"product": {"prod_circle"}, "currency": {"usd"}, "unit_amount": {"4900"}, "recurring[interval]": {"month"},
	})
	p.exec(t, `INSERT INTO plans (id, slug, name, description, benefits, position, state, stripe_product_id, created_at)
VALUES ('00000000-0000-7000-8000-000000000001', 'circle', 'Circle', '', '', 1, 'public', 'prod_circle', now())`)
	p.exec(t, `INSERT INTO prices (id, plan_id, key, "interval", interval_count, amount_minor, currency, trial_days, state, stripe_price_id, created_at)
VALUES ('00000000-0000-7000-8000-000000000002', '00000000-0000-7000-8000-000000000001', 'monthly', 'month', 1, 4900, 'usd', 0, 'public', '`+price+`', now())`)
	p.exec(t, `INSERT INTO users (id, email, email_key, display_name, time_zone, state, version, created_at, updated_at)
VALUES ('00000000-0000-7000-8000-000000000003', 'a@b.test', 'a@b.test', 'A', 'UTC', 'active', 1, now(), now())`)
	p.exec(t, `INSERT INTO user_roles (user_id, role, granted_at) VALUES ('00000000-0000-7000-8000-000000000003', 'admin', now())`)
	return p
}

func relay(t *testing.T) string {
	t.Helper()
	sink, err := mailsink.New(mailsink.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if mails := sink.Messages(""); len(mails) > 0 {
			t.Errorf("the doctor sent %d mails", len(mails))
		}
		_ = sink.Close()
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = sink.ServeSMTP(l) }()
	return l.Addr().String()
}

// post asks the sandbox for something new and gives its id.
func (p *patient) post(t *testing.T, what string, form url.Values) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.stripe+"/v1/"+what, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+stripeKey)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %s", what, resp.StatusCode, body.String())
	}
	_, rest, _ := strings.Cut(strings.ReplaceAll(body.String(), `": "`, `":"`), `"id":"`)
	id, _, _ := strings.Cut(rest, `"`)
	return id
}

func (p *patient) exec(t *testing.T, sql string) {
	t.Helper()
	if _, err := p.db.Pool().Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

func (p *patient) examine(t *testing.T, c clock.Clock) (string, error) {
	t.Helper()
	cfg, err := read(t, p.vars)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	err = examine(t.Context(), cfg, c, &out)
	for _, v := range Variables() {
		if v.Secret && p.vars[v.Name] != "" && strings.Contains(out.String(), p.vars[v.Name]) {
			t.Errorf("%s is shown in:\n%s", v.Name, out.String())
		}
	}
	return out.String(), err
}

func TestDoctorFindsNothingInAHealthyDeployment(t *testing.T) {
	t.Parallel()
	p := healthy(t)
	out, err := p.examine(t, clock.System{})
	if err != nil || strings.Contains(out, "✗") {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, line := range []string{
		"✓ Configuration", "✓ Time zones", "✓ Database answers", "✓ PostgreSQL", "✓ Migrations", "✓ The clock agrees", "✓ No job gave up",
		"✓ Administrators: 1", "✓ Stripe accepts", "✓ Stripe sends events", "✓ Plans on offer and at Stripe: 1", "✓ Sign-in with Work", "✓ The mail relay", "✓ The API answers", "✓ Browsers",
	} {
		if !strings.Contains(out, line) {
			t.Errorf("%q is missing in:\n%s", line, out)
		}
	}
}

// ailments are what deployers get wrong, with the line that must tell them.
func ailments() map[string]struct {
	ail  func(t *testing.T, p *patient)
	line string
} {
	set := func(name, value string) func(*testing.T, *patient) {
		return func(_ *testing.T, p *patient) { p.vars[name] = value }
	}
	run := func(sql string) func(*testing.T, *patient) {
		return func(t *testing.T, p *patient) { t.Helper(); p.exec(t, sql) }
	}
	return map[string]struct {
		ail  func(t *testing.T, p *patient)
		line string
	}{
		"a missing setting":          {set("CONSERVATORY_SECRET", ""), "✗ Configuration: CONSERVATORY_SECRET"},
		"a proxy by name":            {set("CONSERVATORY_TRUSTED_PROXIES", "nginx"), "✗ Configuration: CONSERVATORY_TRUSTED_PROXIES"},
		"a malformed database URL":   {set("DATABASE_URL", "postgres://app:sesame@host:notaport/x"), "✗ Database: DATABASE_URL is not a valid"},
		"no database there":          {set("DATABASE_URL", "postgres://app:sesame@127.0.0.1:1/x"), "✗ Database: "},
		"a pending migration":        {run(`DELETE FROM goose_db_version WHERE version_id = (SELECT max(version_id) FROM goose_db_version)`), "✗ Pending migrations"},
		"dead jobs":                  {run(deadJob), "✗ 1 jobs gave up"},
		"no administrator":           {run(`DELETE FROM user_roles`), "✗ Nobody is an administrator"},
		"a wrong Stripe key":         {set("STRIPE_SECRET_KEY", "sk_test_of_somebody_else"), "✗ Stripe does not accept"},
		"no way to Stripe":           {set("STRIPE_API_BASE", "http://127.0.0.1:1"), "✗ Stripe: "},
		"no endpoint for our URL":    {set("CONSERVATORY_BASE_URL", "http://127.0.0.1:1"), "✗ Stripe sends no events to http://127.0.0.1:1/v1/webhooks/stripe"},
		"nobody at our URL":          {set("CONSERVATORY_BASE_URL", "http://127.0.0.1:1"), "! Nobody answers at"},
		"a price unknown to Stripe":  {run(`UPDATE prices SET stripe_price_id = NULL`), "✗ The price circle/monthly is not at Stripe"},
		"a price of another account": {run(`UPDATE prices SET stripe_price_id = 'price_x'`), "✗ The price circle/monthly names one"},
		"another amount at Stripe":   {run(`UPDATE prices SET amount_minor = 5900`), "✗ The price circle/monthly is 5900 usd here and 4900 usd"},
		"no plan on offer":           {run(`UPDATE plans SET state = 'hidden'`), "✗ No plan is on offer"},
		"a provider that is away":    {set("CONSERVATORY_OIDC_PROVIDERS", strings.Replace(production()["CONSERVATORY_OIDC_PROVIDERS"], "https://login.test", "http://127.0.0.1:1", 1)), "✗ Sign-in with Work: discover work: "},
		"no mail relay":              {set("SMTP_URL", "smtp://127.0.0.1:1?tls=none"), "✗ Mail: reach the relay"},
		"a relay without TLS":        {func(_ *testing.T, p *patient) { p.vars["SMTP_URL"], _, _ = strings.Cut(p.vars["SMTP_URL"], "?") }, "✗ Mail: begin TLS"},
		"a malformed mail URL":       {set("SMTP_URL", "http://mail.test"), "✗ Mail: "},
		"a frontend that may not":    {set("CONSERVATORY_FRONTEND_ORIGINS", "https://other.test"), "! The frontend's own origin"},
	}
}

const deadJob = `INSERT INTO river_job (kind, args, queue, max_attempts, state, attempt, finalized_at)
VALUES ('x', '{}', 'default', 1, 'discarded', 1, now())`

func TestDoctorNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, tc := range ailments() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := healthy(t)
			tc.ail(t, p)
			out, err := p.examine(t, clock.System{})
			_, rest, found := strings.Cut(out, tc.line)
			if !found || !strings.Contains(rest, "\n    ") {
				t.Fatalf("%q with what to do is missing in:\n%s", tc.line, out)
			}
			if wrong := strings.Contains(out, "✗"); wrong != (err != nil) {
				t.Errorf("error %v of:\n%s", err, out)
			}
		})
	}
}

func TestTheRunbookBringsDeadJobsBack(t *testing.T) {
	t.Parallel()
	p := healthy(t)
	p.exec(t, deadJob)
	_, rest, _ := strings.Cut(deployment(t, "runbooks/jobs-dead.md"), "`UPDATE ")
	sql, _, found := strings.Cut(rest, "id IN (…);`")
	if !found {
		t.Fatal("the runbook does not say how")
	}
	p.exec(t, "UPDATE "+sql+"kind = 'x'")
	if out, err := p.examine(t, clock.System{}); err != nil || !strings.Contains(out, "✓ No job gave up") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestDoctorSeesClocksApart(t *testing.T) {
	t.Parallel()
	out, err := healthy(t).examine(t, clock.NewManual(time.Now().Add(time.Minute)))
	if err == nil || !strings.Contains(out, "✗ The clocks") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestDoctorWantsAnOrdinaryRoleInProduction(t *testing.T) {
	t.Parallel()
	p := healthy(t)
	p.vars["CONSERVATORY_ENV"] = "production"
	delete(p.vars, "CONSERVATORY_OIDC_PROVIDERS") // one of this machine is none for production
	out, err := p.examine(t, clock.System{})
	if err == nil || !strings.Contains(out, "may do anything on the database server") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestDoctorSeesAnEndpointOfAnotherVersion(t *testing.T) {
	t.Parallel()
	for version, line := range map[string]string{"2024-06-20": `✗ Stripe's endpoint`, "2023-10-16": "✓ Stripe sends events"} {
		var out bytes.Buffer
		v := &visit{cfg: Config{BaseURL: "https://a.test"}, out: &out}
		v.endpoint([]stripeEndpoint{{URL: "https://b.test"}, {URL: "https://a.test/v1/webhooks/stripe", Status: "enabled", APIVersion: version}})
		if !strings.HasPrefix(out.String(), line) {
			t.Errorf("%s: %s", version, out.String())
		}
	}
}

func TestDoctorEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	cfg, err := read(t, healthy(t).vars)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := Doctor(ctx, cfg, &out); err == nil || !strings.Contains(out.String(), "✗ Database") {
		t.Errorf("%v\n%s", err, out.String())
	}
}
