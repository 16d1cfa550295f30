package invitation

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/audit"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/cohort"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/job"
	"github.com/womens-tech-conservatory/conservatory/internal/keyring"
	"github.com/womens-tech-conservatory/conservatory/internal/mail"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
	"github.com/womens-tech-conservatory/conservatory/internal/outbox"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
	"github.com/womens-tech-conservatory/conservatory/internal/programme"
	"github.com/womens-tech-conservatory/conservatory/pkg/mailsink"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const goodPassword = "twelve years of logistics"

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// rig is the domain and those it stands on, on a database of its own, with
// working jobs and a mail relay.
type rig struct {
	*Invitation
	db    *pg.DB
	clock *clock.Manual
	sink  *mailsink.Sink
}

func newRig(t *testing.T) *rig {
	t.Helper()
	db, c := pgtest.New(t), clock.NewManual(noon)
	r := &rig{db: db, clock: c}
	queue, err := job.New(db, job.Config{Poll: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	mailer := r.relay(t)
	keys, err := keyring.New(db, c, keyring.Config{
		Environment: []ed25519.PrivateKey{ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, 32))}, SealKey: bytes.Repeat([]byte("k"), 32), TokenLife: account.TokenLife,
	})
	if err != nil {
		t.Fatal(err)
	}
	accounts, err := account.New(db, c, queue, mailer, account.Config{
		Keys: keys, Secret: bytes.Repeat([]byte("s"), 32), Issuer: "https://api.example.org", Audience: "conservatory",
		FrontendURL: "https://app.example.org", Inviter: r,
	})
	if err != nil {
		t.Fatal(err)
	}
	box := outbox.New(db, c)
	members := membership.New(db, c, box)
	members.Work(queue)
	r.Invitation, err = New(db, c, queue, mailer,
		Parts{Account: accounts, Membership: members, Cohort: cohort.New(db, c, box), Audit: audit.New(db, c)},
		Config{Secret: bytes.Repeat([]byte("i"), 32), FrontendURL: "https://app.example.org"})
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
	return r
}

// relay is a mail relay that keeps what it is given.
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
	m, err := mail.New(mail.Config{
		URL: "smtp://" + listener.Addr().String() + "?tls=none", From: "Conservatory <hello@example.org>", Outside: r.db.Outside,
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
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

// person makes an account nobody can sign in to with a password.
func (r *rig) person(t *testing.T, email string, roles ...account.Role) account.Actor {
	t.Helper()
	u, err := r.account.Create(t.Context(), account.NewUser{Email: email, DisplayName: "Maria", Roles: roles})
	if err != nil {
		t.Fatal(err)
	}
	return account.Actor{ID: u.ID, Verified: true, Roles: roles}
}

// run makes an open cohort with so many seats.
func (r *rig) run(t *testing.T, seats int64) uuid.UUID {
	t.Helper()
	version, err := programme.New(r.db, r.clock).Publish(t.Context(), programme.NewVersion{
		Slug: "p-" + uuid.NewString(), Title: "Return to tech",
		Items: []programme.NewItem{{Lineage: pg.NewID(), Kind: programme.Lesson, Title: "Where you are", Mandatory: true, Minutes: 20}},
	})
	if err != nil {
		t.Fatal(err)
	}
	c, err := r.cohort.Create(t.Context(), cohort.NewCohort{
		VersionID: version, Name: "Winter", State: cohort.Open, TimeZone: "UTC", StartsOn: noon, EndsOn: noon.AddDate(0, 3, 0), Capacity: seats,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c.ID
}

// made makes an invitation by hand and gives its token.
func (r *rig) made(t *testing.T, in Invite) (Offer, string) {
	t.Helper()
	o, _, err := r.InviteByHand(t.Context(), in, false)
	if err != nil {
		t.Fatal(err)
	}
	return o, r.token(o.ID)
}

func (r *rig) scalar(t *testing.T, sql string, args ...any) (n int) {
	t.Helper()
	if err := r.db.Pool().QueryRow(t.Context(), sql, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func wantFault(t *testing.T, err error, want *fault.Error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got %v, want the fault %s", err, want.Code)
	}
}

func TestALinkOpensUnderAnotherSecret(t *testing.T) {
	t.Parallel()
	id := pg.NewID()
	before := &Invitation{secret: bytes.Repeat([]byte("i"), 32)}
	alone := &Invitation{secret: bytes.Repeat([]byte("j"), 32)}
	changed := &Invitation{secret: alone.secret, previous: before.secret}
	if got := alone.open(before.token(id)); got != uuid.Nil {
		t.Error("another secret alone opens it")
	}
	for _, token := range []string{before.token(id), changed.token(id)} {
		if got := changed.open(token); got != id {
			t.Errorf("opens %s", got)
		}
	}
	if alone.open(changed.token(id)) != id {
		t.Error("a new link is of the secret before")
	}
}
