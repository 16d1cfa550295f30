package sponsor

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
type rig struct {
	*Sponsors
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
	r.Sponsors, err = New(db, c, queue, mailer, Parts{Account: accounts, Membership: r.members, Audit: audit.New(db, c)},
		Config{Secret: bytes.Repeat([]byte("o"), 32), FrontendURL: "https://app.example.org"})
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
	r.admin, _ = r.person(t)
	r.admin.Roles = []account.Role{account.Admin}
	return r
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

// sponsorship has so many seats.
func (r *rig) sponsorship(t *testing.T, seats int) Sponsorship {
	t.Helper()
	of, err := r.Open(t.Context(), r.admin, Terms{Organisation: "Harbour Logistics", Seats: seats})
	if err != nil {
		t.Fatal(err)
	}
	return of
}

// invited is what the link of a new invitation carries, for whoever has it.
func (r *rig) invited(t *testing.T, of Sponsorship) string {
	t.Helper()
	_, link, err := r.Invite(t.Context(), r.admin, of.ID, "")
	if err != nil {
		t.Fatal(err)
	}
	return tokenIn(t, link)
}

// used is how many seats are counted, which are those that are taken.
func (r *rig) used(t *testing.T, of Sponsorship) int {
	t.Helper()
	var counted, taken int
	const sql = `SELECT s.used, (SELECT count(*) FROM sponsor_seats k WHERE k.sponsorship_id = s.id AND k.released_at IS NULL) FROM sponsorships s WHERE s.id = $1`
	if err := r.db.Pool().QueryRow(t.Context(), sql, of.ID).Scan(&counted, &taken); err != nil {
		t.Fatal(err)
	}
	if counted != taken {
		t.Errorf("%d seats are counted, %d are taken", counted, taken)
	}
	return counted
}

func (r *rig) access(t *testing.T, who account.Actor) membership.Access {
	t.Helper()
	a, err := r.members.Access(t.Context(), who.ID)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func tokenIn(t *testing.T, text string) string {
	t.Helper()
	_, rest, ok := strings.Cut(text, "https://app.example.org/seat#token=")
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
