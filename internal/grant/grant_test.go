package grant

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/audit"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
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
	*Grant
	db      *pg.DB
	clock   *clock.Manual
	members *membership.Membership
	account *account.Account
	sink    *mailsink.Sink
	admin   account.Actor
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{db: pgtest.New(t), clock: clock.NewManual(noon)}
	queue, err := job.New(r.db, job.Config{Poll: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	mailer := r.relay(t)
	keys, err := keyring.New(r.db, r.clock, keyring.Config{
		Environment: []ed25519.PrivateKey{ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, 32))}, SealKey: bytes.Repeat([]byte("k"), 32), TokenLife: account.TokenLife,
	})
	if err != nil {
		t.Fatal(err)
	}
	r.account, err = account.New(r.db, r.clock, queue, mailer, account.Config{
		Keys: keys, Secret: bytes.Repeat([]byte("s"), 32), Issuer: "https://api.example.org", Audience: "conservatory", FrontendURL: "https://app.example.org",
	})
	if err != nil {
		t.Fatal(err)
	}
	r.members = membership.New(r.db, r.clock, outbox.New(r.db, r.clock))
	r.Grant, err = New(r.db, r.clock, queue, mailer, Parts{Account: r.account, Membership: r.members, Audit: audit.New(r.db, r.clock)}, "https://app.example.org/")
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

func (r *rig) person(t *testing.T) (who account.Actor, email string) {
	t.Helper()
	email = uuid.NewString() + "@example.org"
	u, err := r.account.Create(t.Context(), account.NewUser{Email: email, DisplayName: "Maria"})
	if err != nil {
		t.Fatal(err)
	}
	return account.Actor{ID: u.ID, Verified: true}, email
}

func (r *rig) idle(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := r.queue.WaitIdle(ctx); err != nil {
		t.Fatal(err)
	}
}

// subjects are those of the letters to an address, the latest first.
func (r *rig) subjects(t *testing.T, email string) (all []string) {
	t.Helper()
	r.idle(t)
	for _, m := range r.sink.Messages(email) {
		all = append(all, m.Subject)
	}
	return all
}

func (r *rig) level(t *testing.T, who account.Actor) membership.Level {
	t.Helper()
	a, err := r.members.Access(t.Context(), who.ID)
	if err != nil {
		t.Fatal(err)
	}
	return a.Level
}

func (r *rig) acts(t *testing.T, who account.Actor) (all string) {
	t.Helper()
	err := r.db.Pool().QueryRow(t.Context(), `SELECT coalesce(string_agg(action, ' ' ORDER BY id), '') FROM audit_log WHERE target_id = $1::text AND actor_id = $2`,
		who.ID, r.admin.ID).Scan(&all)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestTimeIsGivenExtendedAndEnded(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx := t.Context()
	maria, email := r.person(t)
	g, err := r.Give(ctx, r.admin, maria.ID, Comp{Level: membership.Full, EndsAt: noon.AddDate(0, 1, 0), Reason: " She helps. "})
	if err != nil || g.Reason != "She helps." || *g.GrantedBy != r.admin.ID || r.level(t, maria) != membership.Full {
		t.Fatalf("%+v, %v", g, err)
	}
	r.idle(t)
	later := noon.AddDate(0, 2, 0)
	if g, err = r.Extend(ctx, r.admin, maria.ID, g.ID, later); err != nil || !g.EndsAt.Equal(later) {
		t.Fatalf("%+v, %v", g, err)
	}
	r.idle(t)
	if err := r.End(ctx, r.admin, maria.ID, g.ID); err != nil || r.level(t, maria) != membership.NoAccess {
		t.Fatal(err)
	}
	if err := r.End(ctx, r.admin, maria.ID, g.ID); !errors.Is(err, ErrOver) {
		t.Errorf("twice: %v", err)
	}
	if _, err := r.Extend(ctx, r.admin, maria.ID, g.ID, later); !errors.Is(err, ErrOver) {
		t.Errorf("what is over stays over: %v", err)
	}
	want := []string{"Something about your membership has ended", "Everything is open to you until 23 January 2027", "Everything is open to you until 23 December 2026"}
	if got := r.subjects(t, email); !slices.Equal(got, want) {
		t.Errorf("she reads %q", got)
	}
	if got := r.acts(t, maria); got != "grant.give grant.extend grant.end" {
		t.Errorf("recorded is %s", got)
	}
	all, err := r.Given(ctx, maria.ID)
	if err != nil || len(all) != 1 || all[0].RevokedBecause != membership.Ended {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestWhatCannotBeGiven(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx := t.Context()
	maria, _ := r.person(t)
	good := Comp{Level: membership.Full, Reason: "a reason"}
	for name, no := range map[string]struct {
		who  uuid.UUID
		comp Comp
		code string
	}{
		"without a reason":       {maria.ID, Comp{Level: membership.Full, Reason: "  "}, "invalid"},
		"with an end that was":   {maria.ID, Comp{Level: membership.Full, Reason: "late", EndsAt: noon}, "invalid"},
		"to whom we do not know": {uuid.New(), good, "not-found"},
	} {
		_, err := r.Give(ctx, r.admin, no.who, no.comp)
		if f := fault.From(err); f == nil || (no.code == "not-found") != errors.Is(err, fault.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	g, err := r.Give(ctx, account.Actor{}, maria.ID, good)
	if err != nil || g.GrantedBy != nil || g.EndsAt != nil {
		t.Fatalf("%+v, %v", g, err)
	}
	if err := r.End(ctx, r.admin, r.admin.ID, g.ID); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("it is not of hers: %v", err)
	}
	gift, err := r.members.Grant(ctx, membership.Grant{UserID: maria.ID, Kind: membership.Gift})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Extend(ctx, r.admin, maria.ID, gift.ID, time.Time{}); !errors.Is(err, ErrNotGiven) {
		t.Errorf("the end of a gift: %v", err)
	}
	if _, err := r.Given(ctx, uuid.New()); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("%v", err)
	}
}

func TestAGraduateReadsOn(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	maria, email := r.person(t)
	for n := range 2 {
		g, fresh, err := r.Graduate(t.Context(), r.admin, maria.ID, "An engineer since November.")
		if err != nil || fresh != (n == 0) || g.Kind != membership.Alumni || g.EndsAt != nil {
			t.Fatalf("%+v, %v", g, err)
		}
	}
	if got := r.subjects(t, email); len(got) != 1 || got[0] != "You did it, Maria" {
		t.Errorf("she reads %q", got)
	}
	if r.level(t, maria) != membership.ReadOnly || r.acts(t, maria) != "member.graduate" {
		t.Error("it is not so")
	}
}

func TestAWeekBeforeTheEndSheIsTold(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx := t.Context()
	end := noon.AddDate(0, 1, 0)
	type person struct {
		account.Actor
		email string
	}
	people := map[string]person{}
	for _, name := range []string{"who has nothing else", "who has more", "whose end was moved"} {
		who, email := r.person(t)
		people[name] = person{who, email}
		if _, err := r.members.Grant(ctx, membership.Grant{UserID: who.ID, Kind: membership.Gift, EndsAt: &end}); err != nil {
			t.Fatal(err)
		}
	}
	more := people["who has more"]
	if _, err := r.members.Grant(ctx, membership.Grant{UserID: more.ID, Kind: membership.Comp}); err != nil {
		t.Fatal(err)
	}
	r.clock.Set(end.AddDate(0, 0, -6))
	moved, err := r.Given(ctx, people["whose end was moved"].ID)
	if err != nil {
		t.Fatal(err)
	}
	later := end.AddDate(0, 1, 0)
	if err := r.members.SetGrantEnd(ctx, moved[0].ID, &later); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := r.remind(ctx); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]int{"who has nothing else": 1, "who has more": 0, "whose end was moved": 0} {
		if got := r.subjects(t, people[name].email); len(got) != want {
			t.Errorf("%s reads %q", name, got)
		}
	}
}
