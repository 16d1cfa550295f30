package factor

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/pquerna/otp/totp"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/audit"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/job"
	"github.com/womens-tech-conservatory/conservatory/internal/keyring"
	"github.com/womens-tech-conservatory/conservatory/internal/mail"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// rig is the domain on a real database. Its letters wait as jobs.
type rig struct {
	*Factor

	db       *pg.DB
	clock    *clock.Manual
	accounts *account.Account
}

func on(t *testing.T, db *pg.DB) *rig {
	t.Helper()
	r := &rig{db: db, clock: clock.NewManual(noon)}
	queue, err := job.New(db, job.Config{})
	if err != nil {
		t.Fatal(err)
	}
	mailer, err := mail.New(mail.Config{URL: "smtp://127.0.0.1:1?tls=none", From: "Conservatory <hello@example.org>", Outside: db.Outside})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := keyring.New(db, r.clock, keyring.Config{
		Environment: []ed25519.PrivateKey{ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, ed25519.SeedSize))},
		SealKey:     bytes.Repeat([]byte("k"), 32), TokenLife: account.TokenLife,
	})
	if err != nil {
		t.Fatal(err)
	}
	r.accounts, err = account.New(db, r.clock, queue, mailer, account.Config{
		Keys: keys, Secret: bytes.Repeat([]byte("s"), 32),
		Issuer: "https://api.example.org", Audience: "conservatory", FrontendURL: "https://app.example.org",
	})
	if err != nil {
		t.Fatal(err)
	}
	if r.Factor, err = New(db, r.clock, r.accounts, audit.New(db, r.clock), config()); err != nil {
		t.Fatal(err)
	}
	r.Work(queue)
	return r
}

func config() Config {
	return Config{Secret: bytes.Repeat([]byte("f"), 32), Issuer: "Conservatory", Domain: "app.example.org", Origins: []string{page}}
}

// inTx is a rig whose doings are rolled back.
func inTx(t *testing.T) (context.Context, *rig) {
	t.Helper()
	ctx, db := pgtest.Tx(t)
	return ctx, on(t, db)
}

// signIn opens a session of somebody, as a password does.
func (r *rig) signIn(ctx context.Context, t *testing.T, user uuid.UUID) account.Actor {
	t.Helper()
	s, ok, err := r.accounts.SignIn(ctx, user, account.Proof{Way: account.ByPassword})
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	return r.look(ctx, t, s)
}

func (r *rig) look(ctx context.Context, t *testing.T, s account.Session) account.Actor {
	t.Helper()
	who, err := r.accounts.Authenticate(ctx, s.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	return who
}

// again is who as she is now.
func (r *rig) again(ctx context.Context, t *testing.T, who account.Actor) account.Actor {
	t.Helper()
	type row struct {
		Factors  string
		ProvedAt *time.Time
		ByFactor bool
	}
	got, ok, err := pg.One[row](ctx, r.db, "look", `SELECT u.factors, s.proved_at, s.proved_by_factor AS by_factor
FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = ?`, who.SessionID)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	who.Factors, who.ProvedAt, who.ByFactor = nil, time.Time{}, got.ByFactor
	if got.ProvedAt != nil {
		who.ProvedAt = got.ProvedAt.UTC()
	}
	if got.Factors != "" {
		who.Factors = []string{got.Factors}
	}
	return who
}

func (r *rig) person(ctx context.Context, t *testing.T, roles ...account.Role) account.Actor {
	t.Helper()
	u, err := r.accounts.Create(ctx, account.NewUser{Email: uuid.NewString() + "@example.org", DisplayName: "Maria", Roles: roles})
	if err != nil {
		t.Fatal(err)
	}
	return r.signIn(ctx, t, u.ID)
}

// enrolled is a person with an authenticator, whose first code is spent.
func (r *rig) enrolled(ctx context.Context, t *testing.T, roles ...account.Role) (account.Actor, string) {
	t.Helper()
	who := r.person(ctx, t, roles...)
	begun, err := r.BeginTOTP(ctx, who)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.ConfirmTOTP(ctx, who, r.code(t, begun.Secret, 0)); err != nil {
		t.Fatal(err)
	}
	return who, begun.Secret
}

// code is that of a step before or after the present one.
func (r *rig) code(t *testing.T, secret string, steps int) string {
	t.Helper()
	code, err := totp.GenerateCode(secret, r.clock.Now().Add(time.Duration(steps)*period*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func (r *rig) letters(ctx context.Context, t *testing.T, n account.Notice) int {
	t.Helper()
	return r.count(ctx, t, `SELECT count(*) AS n FROM river_job WHERE kind = 'account.notice-mail' AND args->>'notice' = ?`, string(n))
}

func (r *rig) acts(ctx context.Context, t *testing.T, user uuid.UUID, action string) int {
	t.Helper()
	return r.count(ctx, t, `SELECT count(*) AS n FROM audit_log WHERE actor_id = ? AND action = ?`, user, action)
}

func (r *rig) count(ctx context.Context, t *testing.T, sql string, args ...any) int {
	t.Helper()
	row, _, err := pg.One[struct{ N int }](ctx, r.db, "count", sql, args...)
	if err != nil {
		t.Fatal(err)
	}
	return row.N
}

func wantFault(t *testing.T, err error, want *fault.Error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got %v, want the fault %s", err, want.Code)
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*Config){
		"a short secret": func(c *Config) { c.Secret = c.Secret[:31] },
		"no name":        func(c *Config) { c.Issuer = "" },
		"an address":     func(c *Config) { c.Domain = "192.0.2.1" },
		"no page":        func(c *Config) { c.Origins = nil },
	} {
		t.Run(name+" stops the start", func(t *testing.T) {
			t.Parallel()
			cfg := config()
			spoil(&cfg)
			if _, err := New(nil, clock.System{}, nil, nil, cfg); err == nil {
				t.Error("accepted")
			}
		})
	}
}

func TestSealing(t *testing.T) {
	t.Parallel()
	s, err := newSealer(config().Secret, nil)
	if err != nil {
		t.Fatal(err)
	}
	id, user := pg.NewID(), pg.NewID()
	sealed := s.close(id, user, []byte("twenty bytes of it.."))
	if got, err := s.open(id, user, sealed); err != nil || string(got) != "twenty bytes of it.." {
		t.Errorf("%q, %v", got, err)
	}
	if bytes.Contains(sealed, []byte("bytes")) {
		t.Error("it is readable")
	}
	if _, err := s.open(id, pg.NewID(), sealed); err == nil {
		t.Error("it opens for another person")
	}
	if _, err := s.open(pg.NewID(), user, sealed); err == nil {
		t.Error("it opens in another row")
	}
	if code := grouped(s.recoveryCode(id, user)); len(code) != 19 || ungrouped(" "+code+" ") != s.recoveryCode(id, user) {
		t.Errorf("recovery code %s", code)
	}
}

func TestForgetSince(t *testing.T) {
	t.Parallel()

	t.Run("what somebody else has added goes, what was hers stays", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		who, _ := r.enrolled(ctx, t)
		if _, err := r.MakeRecoveryCodes(ctx, who); err != nil {
			t.Fatal(err)
		}
		r.clock.Advance(time.Hour)
		thief := honest()
		r.add(ctx, t, who, thief)
		if err := r.ForgetSince(ctx, who.ID, r.clock.Now()); err != nil {
			t.Fatal(err)
		}
		if set, err := r.Factors(ctx, who); err != nil || set.Passkeys != 0 || set.TOTP == nil || set.RecoveryCodes != recoveryCodes {
			t.Errorf("%+v, %v", set, err)
		}
		_, err := r.enter(ctx, t, thief)
		wantFault(t, err, ErrPasskey)
		if r.acts(ctx, t, who.ID, "factor.forget") != 1 {
			t.Error("it is not audited")
		}
	})

	t.Run("without a factor left, nothing is owed", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		who, _ := r.enrolled(ctx, t)
		if _, err := r.MakeRecoveryCodes(ctx, who); err != nil {
			t.Fatal(err)
		}
		if err := r.ForgetSince(ctx, who.ID, noon); err != nil {
			t.Fatal(err)
		}
		if r.signIn(ctx, t, who.ID).Owes() {
			t.Error("she owes what she does not have")
		}
	})
}
