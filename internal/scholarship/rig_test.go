package scholarship

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"net"
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
	*Scholarship
	clock   *clock.Manual
	members *membership.Membership
	sink    *mailsink.Sink
	admin   account.Actor
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
		SecretKey: "sk_test_fund", APIBase: "http://127.0.0.1:9", WebhookSecrets: []string{"whsec_0123456789abcdef0123456789abcdef"},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Scholarship, err = New(db, c, queue, mailer, Parts{Account: accounts, Membership: r.members, Billing: bills, Audit: audit.New(db, c)},
		"https://app.example.org")
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
	r.admin, _ = r.person(t)
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

// fund is an open fund with so much in it.
func (r *rig) fund(t *testing.T, minor int64) Fund {
	t.Helper()
	f, err := r.OpenFund(t.Context(), r.admin, NewFund{Name: "The open door", Currency: "usd"})
	if err != nil {
		t.Fatal(err)
	}
	if minor > 0 {
		if _, err := r.Move(t.Context(), r.admin, f.ID, minor, "A cheque"); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

// asked is an application that waits for its answer.
func (r *rig) asked(t *testing.T, who account.Actor) Application {
	t.Helper()
	a, err := r.Apply(t.Context(), who, Ask{Months: 3, Situation: "My savings went into the course.", Hope: "To be in the spring cohort."})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// yes is a decision of so many months of circle.
func yes(f Fund, months int) Decision {
	return Decision{Answer: Awarded, FundID: f.ID, Plan: "circle", Price: "monthly", Months: months, Told: "Come in.", Note: "among us"}
}

// numbersOf gives what became of a fund, whose balance is the sum of its entries.
func (r *rig) numbersOf(t *testing.T, f Fund) Numbers {
	t.Helper()
	all, err := r.Accounts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range all {
		if n.ID == f.ID {
			var sum int64
			err := r.db.Pool().QueryRow(t.Context(), `SELECT coalesce(sum(amount_minor), 0)::bigint FROM fund_entries WHERE fund_id = $1`, f.ID).Scan(&sum)
			if err != nil || sum != n.BalanceMinor || n.BalanceMinor != n.GivenMinor-n.WithdrawnMinor-n.AwardedMinor+n.ReturnedMinor || n.BalanceMinor < 0 {
				t.Errorf("the entries come to %d, %v: %+v", sum, err, n)
			}
			return n
		}
	}
	t.Fatal("the fund is not there")
	return Numbers{}
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
