package gift

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/audit"
	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/job"
	"github.com/womens-tech-conservatory/conservatory/internal/keyring"
	"github.com/womens-tech-conservatory/conservatory/internal/mail"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
	"github.com/womens-tech-conservatory/conservatory/internal/outbox"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
	"github.com/womens-tech-conservatory/conservatory/pkg/mailsink"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// rig is the domain and those it stands on, with working jobs and a mail relay.
// Stripe is not there: who pays is said by the test.
type rig struct {
	*Gifts
	clock   *clock.Manual
	members *membership.Membership
	sink    *mailsink.Sink
}

func newRig(t *testing.T) *rig {
	t.Helper()
	db, c := pgtest.New(t), clock.NewManual(noon)
	r := &rig{clock: c}
	queue, err := job.New(db, job.Config{Poll: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	mailer := r.relay(t, db)
	keys, err := keyring.New(db, c, keyring.Config{
		Environment: []ed25519.PrivateKey{ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, 32))}, SealKey: bytes.Repeat([]byte("k"), 32), TokenLife: account.TokenLife,
	})
	if err != nil {
		t.Fatal(err)
	}
	accounts, err := account.New(db, c, queue, mailer, account.Config{
		Keys: keys, Secret: bytes.Repeat([]byte("s"), 32), Issuer: "https://api.example.org", Audience: "conservatory", FrontendURL: "https://app.example.org",
	})
	if err != nil {
		t.Fatal(err)
	}
	r.members = membership.New(db, c, outbox.New(db, c))
	bills, err := billing.New(db, c, r.members, queue, billing.Config{
		SecretKey: "sk_test_gift", APIBase: "http://127.0.0.1:9", WebhookSecrets: []string{"whsec_0123456789abcdef0123456789abcdef"},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Gifts, err = New(db, c, queue, mailer, Parts{Account: accounts, Membership: r.members, Billing: bills, Audit: audit.New(db, c)},
		Config{Secret: bytes.Repeat([]byte("g"), 32), FrontendURL: "https://app.example.org"})
	if err != nil {
		t.Fatal(err)
	}
	if err := queue.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := queue.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	r.plan(t)
	return r
}

// plan is circle at 49.00 a month.
func (r *rig) plan(t *testing.T) {
	t.Helper()
	plan := uuid.New()
	for _, sql := range []string{
		`INSERT INTO plans (id, slug, name, description, benefits, position, state, created_at) VALUES ($1, 'circle', 'Circle', '', '', 1, 'public', now())`,
		`INSERT INTO prices (id, plan_id, key, "interval", interval_count, amount_minor, currency, trial_days, state, created_at)
			VALUES (gen_random_uuid(), $1, 'monthly', 'month', 1, 4900, 'usd', 0, 'public', now())`,
		`INSERT INTO prices (id, plan_id, key, "interval", interval_count, amount_minor, currency, trial_days, state, created_at)
			VALUES (gen_random_uuid(), $1, 'annual', 'year', 1, 49000, 'usd', 0, 'public', now())`,
	} {
		if _, err := r.db.Pool().Exec(t.Context(), sql, plan); err != nil {
			t.Fatal(err)
		}
	}
}

func (r *rig) relay(t *testing.T, db *pg.DB) *mail.Mailer {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if r.sink, err = mailsink.New(mailsink.Config{}); err != nil {
		t.Fatal(err)
	}
	go r.sink.ServeSMTP(listener)
	t.Cleanup(func() { _ = r.sink.Close() })
	m, err := mail.New(mail.Config{
		URL: "smtp://" + listener.Addr().String() + "?tls=none", From: "Conservatory <hello@example.org>", Outside: db.Outside,
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func (r *rig) person(t *testing.T) (who account.Actor, email string) {
	t.Helper()
	email = uuid.NewString() + "@example.org"
	u, err := r.account.Create(t.Context(), account.NewUser{Email: email, DisplayName: "Maria"})
	if err != nil {
		t.Fatal(err)
	}
	return account.Actor{ID: u.ID, Verified: true}, email
}

// wished is a gift that was made and not paid.
func (r *rig) wished(t *testing.T, buyer account.Actor, w Wish) Gift {
	t.Helper()
	w.Plan, w.Price = "circle", "monthly"
	made, _, err := r.wish(t.Context(), buyer, w)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.store.insert(t.Context(), made); err != nil {
		t.Fatal(err)
	}
	return made
}

// bought is a gift that was paid, and what its link carries.
func (r *rig) bought(t *testing.T, buyer account.Actor, w Wish) (Gift, string) {
	t.Helper()
	made := r.wished(t, buyer, w)
	r.pays(t, made)
	link, err := r.Link(t.Context(), buyer, made.ID)
	if err != nil {
		t.Fatal(err)
	}
	return made, tokenIn(t, link)
}

func (r *rig) pays(t *testing.T, of Gift) {
	t.Helper()
	err := r.db.InTx(t.Context(), func(ctx context.Context) error { return r.paid(ctx, billing.Purchase{SubjectID: of.ID}) })
	if err != nil {
		t.Fatal(err)
	}
}

func tokenIn(t *testing.T, text string) string {
	t.Helper()
	_, rest, ok := strings.Cut(text, "https://app.example.org/gift#token=")
	if !ok {
		t.Fatalf("there is no link in %q", text)
	}
	return strings.Fields(rest)[0]
}

func (r *rig) letters(t *testing.T, email string) []mailsink.Message {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := r.queue.WaitIdle(ctx); err != nil {
		t.Fatal(err)
	}
	return r.sink.Messages(email)
}

func (r *rig) gift(t *testing.T, id uuid.UUID) Gift {
	t.Helper()
	of, found, err := r.store.byID(t.Context(), id)
	if err != nil || !found {
		t.Fatalf("%t, %v", found, err)
	}
	return of
}
