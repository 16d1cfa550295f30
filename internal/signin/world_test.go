package signin

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"net"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
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

const (
	oldPassword = "twelve years of logistics"
	newPassword = "room for a better yes"
)

var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// rig is the domain on a real database with a real mail relay.
type rig struct {
	*Signin
	account *account.Account
	db      *pg.DB
	queue   *job.Queue
	clock   *clock.Manual
	sink    *mailsink.Sink
	acts    *acts
	bills   *bills
	rescues *rescues
}

// acts remembers what was audited, in place of the audit domain.
type acts struct {
	mu   sync.Mutex
	seen []string
}

func (a *acts) Act(_ context.Context, _ uuid.UUID, action, _, _ string, _ map[string]string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.seen = append(a.seen, action)
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

// bills remembers who has another address, in place of billing.
type bills struct {
	mu   sync.Mutex
	told []uuid.UUID
}

func (b *bills) EmailChanged(_ context.Context, userID uuid.UUID) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.told = append(b.told, userID)
	return nil
}

// rescues remembers who has taken her account back, in place of the domains
// above.
type rescues struct {
	told  []uuid.UUID
	since time.Time
}

func (r *rescues) TakenBack(_ context.Context, userID uuid.UUID, since time.Time) error {
	r.told, r.since = append(r.told, userID), since
	return nil
}

// on builds the domain over db.
func on(t *testing.T, db *pg.DB) *rig {
	t.Helper()
	r := &rig{db: db, clock: clock.NewManual(noon), acts: &acts{}, bills: &bills{}, rescues: &rescues{}}
	mailer := r.relay(t)
	keys, err := keyring.New(db, r.clock, keyring.Config{
		Environment: []ed25519.PrivateKey{ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, 32))}, SealKey: bytes.Repeat([]byte("k"), 32),
		TokenLife: account.TokenLife,
	})
	if err != nil {
		t.Fatal(err)
	}
	if r.queue, err = job.New(db, job.Config{Poll: 100 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	r.account, err = account.New(db, r.clock, r.queue, mailer, account.Config{
		Keys: keys, Secret: bytes.Repeat([]byte("s"), 32), Issuer: "https://api.example.org", Audience: "conservatory",
		FrontendURL: "https://app.example.org", Auditor: r.acts,
	})
	if err != nil {
		t.Fatal(err)
	}
	r.Signin, err = New(db, r.clock, r.queue, mailer, r.account, Config{
		Secret: bytes.Repeat([]byte("t"), 32), FrontendURL: "https://app.example.org/", Auditor: r.acts, Biller: r.bills, Rescuer: r.rescues,
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *rig) relay(t *testing.T) *mail.Mailer {
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
	mailer, err := mail.New(mail.Config{
		URL: "smtp://" + listener.Addr().String() + "?tls=none", From: "Conservatory <hello@example.org>", Outside: r.db.Outside,
	})
	if err != nil {
		t.Fatal(err)
	}
	return mailer
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

func newEmail() string { return uuid.NewString() + "@example.org" }

// member has the old password; without one, making her costs little.
func (r *rig) member(ctx context.Context, t *testing.T, password string) account.User {
	t.Helper()
	u, err := r.account.Create(ctx, account.NewUser{Email: newEmail(), Password: password, DisplayName: "Maria"})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// session signs somebody in, past any proof.
func (r *rig) session(ctx context.Context, t *testing.T, userID uuid.UUID) account.Actor {
	t.Helper()
	s, ok, err := r.account.SignIn(ctx, userID, account.Proof{Way: account.ByPasskey, Full: true})
	if err != nil || !ok {
		t.Fatalf("cannot sign in: %v", err)
	}
	return account.Actor{ID: userID, SessionID: s.ID, Verified: true, ProvedAt: noon}
}

// live reports whether a session goes on.
func (r *rig) live(ctx context.Context, t *testing.T, a account.Actor) bool {
	t.Helper()
	_, err := r.account.Recheck(ctx, a)
	if err != nil && !errors.Is(err, account.ErrUnauthenticated) {
		t.Fatal(err)
	}
	return err == nil
}

// mailed asks for a secret and lets its letter go out, past the job.
func (r *rig) mailed(ctx context.Context, t *testing.T, k kind, u account.User) uuid.UUID {
	t.Helper()
	if err := r.ask(ctx, k, u.Email); err != nil {
		t.Fatal(err)
	}
	id := scalar[uuid.UUID](ctx, t, r.db, `SELECT id FROM secrets WHERE email_key = $1 ORDER BY id DESC LIMIT 1`, u.Email)
	if ok, err := r.claimSecret(ctx, id, u.Email, u.ID); err != nil || !ok {
		t.Fatalf("the letter is not to be sent: %v", err)
	}
	return id
}

// moving asks for another address and lets the letters go out.
func (r *rig) moving(ctx context.Context, t *testing.T, a account.Actor, email string) (confirm, undo string) {
	t.Helper()
	if err := r.ChangeEmail(ctx, a, email); err != nil {
		t.Fatal(err)
	}
	id := scalar[uuid.UUID](ctx, t, r.db, `SELECT id FROM email_changes WHERE user_id = $1 ORDER BY id DESC LIMIT 1`, a.ID)
	if _, ok, err := r.claimChange(ctx, id); err != nil || !ok {
		t.Fatalf("the letters are not to be sent: %v", err)
	}
	return r.once.Token(forConfirm, id), r.once.Token(forUndo, id)
}

func (r *rig) byLink(id uuid.UUID) Key { return Key{Token: r.once.Token(string(kindCode), id)} }

func (r *rig) byCode(u account.User, id uuid.UUID) Key {
	return Key{Email: u.Email, Code: r.once.Code(forDigits, id)}
}

func (r *rig) resetToken(id uuid.UUID) string { return r.once.Token(string(kindReset), id) }

var tokenInLetter = regexp.MustCompile(`#token=([A-Za-z0-9_-]{64})`)

// tokenTo takes the token out of the latest letter to an address whose subject
// begins so.
func (r *rig) tokenTo(t *testing.T, email, subject string) string {
	t.Helper()
	for _, m := range r.sink.Messages(email) {
		if strings.Contains(m.Subject, subject) {
			if found := tokenInLetter.FindStringSubmatch(m.Text); found != nil {
				return found[1]
			}
			t.Fatalf("no token in\n%s", m.Text)
		}
	}
	t.Fatalf("no letter %q among %d", subject, len(r.sink.Messages(email)))
	return ""
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

// wantFault also checks where the fault points.
func wantFault(t *testing.T, err error, want *fault.Error, pointer string) {
	t.Helper()
	f := fault.From(err)
	if f == nil || !errors.Is(f, want) {
		t.Fatalf("got %v, want the fault %s", err, want.Code)
	}
	if len(f.Fields) != 1 || f.Fields[0].Pointer != pointer {
		t.Fatalf("points at %+v, want %s", f.Fields, pointer)
	}
}
