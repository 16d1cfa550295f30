package account

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/job"
	"github.com/womens-tech-conservatory/conservatory/internal/keyring"
	"github.com/womens-tech-conservatory/conservatory/internal/mail"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
	"github.com/womens-tech-conservatory/conservatory/pkg/mailsink"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const goodPassword = "twelve years of logistics"

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// rig is the domain on a real database with a real mail relay.
type rig struct {
	*Account
	db    *pg.DB
	queue *job.Queue
	clock *clock.Manual
	sink  *mailsink.Sink
	acts  *acts
}

// acts remembers what was audited, in place of the audit domain.
type acts struct {
	mu   sync.Mutex
	seen []string
	last map[string]string // the detail of the last one
}

func (a *acts) Act(_ context.Context, _ uuid.UUID, action, _, _ string, detail map[string]string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.seen, a.last = append(a.seen, action), detail
	return nil
}

func (a *acts) count(action string) (n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, s := range a.seen {
		if s == action {
			n++
		}
	}
	return n
}

func signingKey(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
}

func config(t testing.TB, db *pg.DB) Config {
	t.Helper()
	keys, err := keyring.New(db, clock.NewManual(noon), keyring.Config{
		Environment: []ed25519.PrivateKey{signingKey(1), signingKey(2)}, SealKey: bytes.Repeat([]byte("k"), 32), TokenLife: TokenLife,
	})
	if err != nil {
		t.Fatal(err)
	}
	return Config{
		Keys: keys, Secret: bytes.Repeat([]byte("s"), 32),
		Issuer: "https://api.example.org", Audience: "conservatory", FrontendURL: "https://app.example.org/",
	}
}

// on builds the domain over db. Passwords cost little, except where they are
// what is tested.
func on(t *testing.T, db *pg.DB) *rig {
	t.Helper()
	r := &rig{db: db, clock: clock.NewManual(noon), acts: &acts{}}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if r.sink, err = mailsink.New(mailsink.Config{}); err != nil {
		t.Fatal(err)
	}
	go r.sink.ServeSMTP(listener)
	t.Cleanup(func() { _ = r.sink.Close() })
	mailer, err := mail.New(mail.Config{
		URL: "smtp://" + listener.Addr().String() + "?tls=none", From: "Conservatory <hello@example.org>", Outside: db.Outside,
	})
	if err != nil {
		t.Fatal(err)
	}
	if r.queue, err = job.New(db, job.Config{Poll: 100 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	cfg := config(t, db)
	cfg.Auditor = r.acts
	if r.Account, err = New(db, r.clock, r.queue, mailer, cfg); err != nil {
		t.Fatal(err)
	}
	r.passwords.cost = cost{memory: 64, time: 1, threads: 1}
	r.passwords.dummy = r.passwords.cost.derive("nobody", randomSalt())
	return r
}

// inTx is a rig whose doings are rolled back; its jobs do not run.
func inTx(t *testing.T) (context.Context, *rig) {
	t.Helper()
	ctx, db := pgtest.Tx(t)
	return ctx, on(t, db)
}

// committed is a rig on a database of its own, with working jobs.
func committed(t *testing.T) *rig {
	t.Helper()
	r := on(t, pgtest.New(t))
	if err := r.queue.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.queue.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return r
}

func (r *rig) idle(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := r.queue.WaitIdle(ctx); err != nil {
		t.Fatal(err)
	}
}

func (r *rig) member(ctx context.Context, t *testing.T) (email string, u User) {
	t.Helper()
	email = uuid.NewString() + "@example.org"
	u, err := r.Create(ctx, NewUser{Email: email, Password: goodPassword, DisplayName: "Maria"})
	if err != nil {
		t.Fatal(err)
	}
	return email, u
}

func (r *rig) signedIn(ctx context.Context, t *testing.T) Session {
	t.Helper()
	email, _ := r.member(ctx, t)
	s, err := r.LogIn(ctx, email, goodPassword)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// scalar asks the database past the domain.
func scalar[T any](ctx context.Context, t *testing.T, db *pg.DB, sql string, args ...any) (v T) {
	t.Helper()
	row := db.Pool().QueryRow
	if tx, ok := db.Tx(ctx); ok {
		row = tx.QueryRow
	}
	if err := row(ctx, sql, args...).Scan(&v); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}

// wantFault also checks where the fault points, when a pointer is given.
func wantFault(t *testing.T, err error, want *fault.Error, pointer ...string) {
	t.Helper()
	f := fault.From(err)
	if f == nil || !errors.Is(f, want) {
		t.Fatalf("got %v, want the fault %s", err, want.Code)
	}
	if len(pointer) > 0 && (len(f.Fields) != 1 || f.Fields[0].Pointer != pointer[0]) {
		t.Fatalf("points at %+v, want %s", f.Fields, pointer[0])
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*Config){
		"a short secret":            func(c *Config) { c.Secret = c.Secret[:31] },
		"no signing keys":           func(c *Config) { c.Keys = nil },
		"no issuer":                 func(c *Config) { c.Issuer = "" },
		"no audience":               func(c *Config) { c.Audience = "" },
		"a frontend without a host": func(c *Config) { c.FrontendURL = "/app" },
	} {
		t.Run(name+" stops the start", func(t *testing.T) {
			t.Parallel()
			cfg := config(t, nil)
			spoil(&cfg)
			if _, err := New(nil, clock.System{}, nil, nil, cfg); err == nil {
				t.Error("accepted")
			}
		})
	}
}

func fieldCode(t *testing.T, err error) string {
	t.Helper()
	f := fault.From(err)
	if f == nil || len(f.Fields) != 1 {
		t.Fatalf("no single field in %v", err)
	}
	return f.Fields[0].Code
}
