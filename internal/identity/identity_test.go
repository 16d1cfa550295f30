package identity

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/identity/oidctest"
	"github.com/womens-tech-conservatory/conservatory/internal/job"
	"github.com/womens-tech-conservatory/conservatory/internal/keyring"
	"github.com/womens-tech-conservatory/conservatory/internal/mail"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const page = "https://app.example.org/sign-in/oidc"

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// rig is the domain with one provider.
type rig struct {
	*Identity

	t       *testing.T
	db      *pg.DB
	now     *clock.Manual
	account *account.Account
	there   *oidctest.Provider
	acts    *acts
}

// acts remembers what was audited, in place of the audit domain.
type acts struct {
	mu   sync.Mutex
	seen []string
}

func (a *acts) Act(_ context.Context, actor uuid.UUID, action, _, target string, detail map[string]string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if actor.String() != target || detail["provider"] != "example" {
		action += " by somebody else"
	}
	a.seen = append(a.seen, action)
	return nil
}

func inTx(t *testing.T) (context.Context, rig) {
	t.Helper()
	ctx, db := pgtest.Tx(t)
	return ctx, on(t, db)
}

func on(t *testing.T, db *pg.DB) rig {
	t.Helper()
	r := rig{t: t, db: db, now: clock.NewManual(noon), acts: &acts{}}
	r.there = oidctest.New(t, r.now.Now)
	q, err := job.New(db, job.Config{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := mail.New(mail.Config{URL: "smtp://127.0.0.1:1?tls=none", From: "hello@example.org"})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := keyring.New(db, r.now, keyring.Config{
		Environment: []ed25519.PrivateKey{ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, 32))}, SealKey: bytes.Repeat([]byte("k"), 32), TokenLife: account.TokenLife,
	})
	if err != nil {
		t.Fatal(err)
	}
	r.account, err = account.New(db, r.now, q, m, account.Config{
		Keys: keys, Secret: bytes.Repeat([]byte("s"), 32), Issuer: "https://api.example.org", Audience: "conservatory", FrontendURL: "https://app.example.org",
	})
	if err != nil {
		t.Fatal(err)
	}
	r.Identity, err = New(db, r.now, r.account, q, Config{Providers: r.described(t), RedirectURL: page, Key: bytes.Repeat([]byte("i"), 32), Auditor: r.acts})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (r rig) described(t *testing.T) []Provider {
	t.Helper()
	providers, err := ParseProviders(r.there.Describe("example"), false)
	if err != nil {
		t.Fatal(err)
	}
	return providers
}

func maria() oidctest.Person {
	return oidctest.Person{Subject: uuid.NewString(), Email: uuid.NewString() + "@example.org", Name: "Maria", Verified: true}
}

// visit begins a flow and lets somebody sign in at the provider.
func (r rig) visit(ctx context.Context, signUp bool, who oidctest.Person) Return {
	r.t.Helper()
	f, err := r.Begin(ctx, "example", signUp)
	if err != nil {
		r.t.Fatal(err)
	}
	return r.back(f, who)
}

func (r rig) back(f Flow, who oidctest.Person) Return {
	r.t.Helper()
	return returned(f, r.there.Authorize(r.t, f.AuthorizationURL, who))
}

func returned(f Flow, q url.Values) Return {
	return Return{Secret: f.Secret, State: q.Get("state"), Code: q.Get("code"), Issuer: q.Get("iss")}
}

// joined is somebody with an account that she made with the provider.
func (r rig) joined(ctx context.Context, who oidctest.Person) account.Session {
	r.t.Helper()
	s, err := r.SignIn(ctx, r.visit(ctx, true, who))
	if err != nil {
		r.t.Fatal(err)
	}
	return s
}

func (r rig) actor(ctx context.Context, s account.Session) account.Actor {
	r.t.Helper()
	who, err := r.account.Authenticate(ctx, s.AccessToken)
	if err != nil {
		r.t.Fatal(err)
	}
	return who
}

func wantFault(t *testing.T, err error, want *fault.Error) {
	t.Helper()
	if f := fault.From(err); f == nil || !errors.Is(f, want) {
		t.Errorf("got %v, want the fault %s", err, want.Code)
	}
}

func TestSheSignsUpWithAProviderAndInAgain(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	who := maria()
	first := r.joined(ctx, who)
	if first.User.Email != who.Email || !first.User.Verified || first.User.DisplayName != "Maria" || first.FactorOwed {
		t.Errorf("%+v", first.User)
	}
	who.Email, who.Name, who.Verified = "moved@example.net", "Somebody else", false // what the provider says later changes nothing here
	for _, signUp := range []bool{false, true} {
		again, err := r.SignIn(ctx, r.visit(ctx, signUp, who))
		if err != nil || again.User.ID != first.User.ID || again.User.Email != first.User.Email {
			t.Errorf("%+v, %v", again.User, err)
		}
	}
	list, err := r.List(ctx, r.actor(ctx, first))
	if err != nil || len(list) != 1 || list[0].Provider != "example" || !list[0].LastUsedAt.Equal(noon) {
		t.Errorf("%+v, %v", list, err)
	}
	if devices, err := r.account.Devices(ctx, r.actor(ctx, first)); err != nil || devices[0].Way != account.ByOIDC {
		t.Errorf("%+v, %v", devices, err)
	}
	if got := strings.Join(r.acts.seen, ","); got != "identity.link" {
		t.Errorf("audited: %s", got)
	}
}

func TestAnAddressOpensNoAccount(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	mine := maria()
	if _, err := r.account.Create(ctx, account.NewUser{Email: mine.Email, DisplayName: "Maria"}); err != nil {
		t.Fatal(err)
	}
	upper := mine
	upper.Email = strings.ToUpper(mine.Email)
	unverified, none, odd := maria(), maria(), maria()
	unverified.Verified, none.Email, odd.Email = false, "", "not an address"
	for name, c := range map[string]struct {
		who    oidctest.Person
		signUp bool
		want   *fault.Error
	}{
		"of an account, signing in":          {mine, false, ErrUnlinked},
		"of an account, signing up":          {mine, true, ErrUnlinked},
		"of an account, written differently": {upper, true, ErrUnlinked},
		"of nobody, signing in":              {maria(), false, ErrSignUp},
		"that is not verified":               {unverified, true, ErrUnproved},
		"that is not verified, signing in":   {unverified, false, ErrUnproved},
		"that is not there":                  {none, true, ErrUnproved},
		"that is none":                       {odd, true, ErrUnproved},
	} {
		_, err := r.SignIn(ctx, r.visit(ctx, c.signUp, c.who))
		if f := fault.From(err); f == nil || !errors.Is(f, c.want) {
			t.Errorf("an address %s: %v, want %s", name, err, c.want.Code)
		}
	}
}

func TestAFlowWorksOnceInItsBrowser(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	who := maria()
	r.joined(ctx, who)
	for name, spoil := range map[string]func(good, other Return) Return{
		"without what stayed in the browser":       func(g, _ Return) Return { g.Secret = ""; return g },
		"in another browser":                       func(g, o Return) Return { g.Secret = o.Secret; return g },
		"with the state as the secret":             func(g, _ Return) Return { g.Secret = g.State; return g },
		"without a state":                          func(g, _ Return) Return { g.State = ""; return g },
		"with another state":                       func(g, o Return) Return { g.State = o.State; return g },
		"with the secret as the state":             func(g, _ Return) Return { g.State = g.Secret; return g },
		"with a letter less":                       func(g, _ Return) Return { g.Secret = g.Secret[:len(g.Secret)-1]; return g },
		"with a line end":                          func(g, _ Return) Return { g.State += "\n"; return g },
		"with another letter":                      func(g, _ Return) Return { g.State = "B" + g.State[1:]; return g },
		"with something a stranger made":           func(g, _ Return) Return { g.State = strings.Repeat("A", len(g.State)); return g },
		"with both of what a stranger made":        func(_, _ Return) Return { s := strings.Repeat("A", 64); return Return{s, s, "code", ""} },
		"with secret and state exchanged as a set": func(g, _ Return) Return { g.Secret, g.State = g.State, g.Secret; return g },
	} {
		good := r.visit(ctx, false, who)
		_, err := r.SignIn(ctx, spoil(good, r.visit(ctx, false, who)))
		if f := fault.From(err); f == nil || !errors.Is(f, ErrFlow) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := r.SignIn(ctx, good); err != nil {
			t.Errorf("%s: and then the honest one is refused: %v", name, err)
		}
		_, err = r.SignIn(ctx, good)
		wantFault(t, err, ErrFlow)
	}
}

func TestAFlowEndsAfterTenMinutes(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	who := maria()
	r.joined(ctx, who)
	young, old := r.visit(ctx, false, who), r.visit(ctx, false, who)
	r.now.Advance(flowTTL - time.Second)
	if _, err := r.SignIn(ctx, young); err != nil {
		t.Error(err)
	}
	r.now.Advance(time.Second)
	_, err := r.SignIn(ctx, old)
	wantFault(t, err, ErrFlow)
	r.now.Advance(keepFlows + time.Second)
	if err := r.prune(ctx, r.now.Now().Add(-keepFlows)); err != nil {
		t.Fatal(err)
	}
	if rows, err := pg.Many[flow](ctx, r.db, "count flows", `SELECT id, provider, purpose FROM identity_flows`); err != nil || len(rows) > 0 {
		t.Errorf("%d are kept, %v", len(rows), err)
	}
}

func TestNothingThatOpensADoorIsStored(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	f, err := r.Begin(ctx, "example", true)
	if err != nil {
		t.Fatal(err)
	}
	u, _ := url.Parse(f.AuthorizationURL)
	rows, err := pg.Many[struct{ Line string }](ctx, r.db, "read flows", `SELECT identity_flows::text AS line FROM identity_flows`)
	if err != nil || len(rows) != 1 {
		t.Fatalf("%v, %v", rows, err)
	}
	for _, secret := range []string{f.Secret, u.Query().Get("state"), u.Query().Get("nonce"), u.Query().Get("code_challenge")} {
		if len(secret) < 43 || strings.Contains(rows[0].Line, secret) || strings.Count(f.AuthorizationURL, f.Secret) > 0 {
			t.Errorf("%q is weak, stored or sent through the provider", secret)
		}
	}
	if u.Query().Get("redirect_uri") != page || !f.ExpiresAt.Equal(noon.Add(10*time.Minute)) {
		t.Errorf("%s until %s", u, f.ExpiresAt)
	}
}

// Neither the one who names her address in the ID token, nor the one who is
// asked for it with the access token.
func TestTokensOfAProviderAreForgotten(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	var secrets []string
	for _, silent := range []bool{false, true} {
		who := maria()
		r.there.Lie(oidctest.Lie{
			Claims: func(c map[string]any) {
				if silent {
					delete(c, "email")
				}
			},
			IDToken: func(signed string) string {
				secrets = append(secrets, signed)
				return signed
			},
		})
		r.joined(ctx, who)
		if tx, _ := r.db.Tx(ctx); len(pgtest.Find(ctx, t, tx, who.Subject)) == 0 || len(pgtest.Find(ctx, t, tx, who.Email)) == 0 {
			t.Fatal("who she is there is not found: the search finds nothing")
		}
	}
	secrets = append(secrets, r.there.AccessTokens()...)
	if len(secrets) != 4 {
		t.Fatalf("%d tokens, want two of each kind", len(secrets))
	}
	tx, _ := r.db.Tx(ctx)
	for _, secret := range secrets {
		for part := range strings.SplitSeq(secret, ".") {
			for table, row := range pgtest.Find(ctx, t, tx, part) {
				t.Errorf("%s holds a token, or a part of one: %.200s", table, row)
			}
		}
	}
}

func TestSecondFactors(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	who := maria()
	actor := r.actor(ctx, r.joined(ctx, who))
	if err := r.account.SetFactors(ctx, actor, []string{"totp"}); err != nil {
		t.Fatal(err)
	}
	says := func(acr string, amr ...string) oidctest.Lie {
		return oidctest.Lie{Claims: func(c map[string]any) { c["acr"], c["amr"] = acr, amr }}
	}
	signIn := func(what string, l oidctest.Lie, owed bool) {
		t.Helper()
		r.there.Lie(l)
		s, err := r.SignIn(ctx, r.visit(ctx, false, who))
		if err != nil || s.FactorOwed != owed {
			t.Errorf("%s: a factor is owed: %v, want %v (%v)", what, s.FactorOwed, owed, err)
		}
	}
	signIn("unsaid, the provider's factor does not count", says("urn:mace:incommon:iap:silver", "mfa"), true)
	c, _ := r.client("example")
	c.provider.FactorACR, c.provider.FactorAMR = []string{"phrh"}, []string{"hwk"}
	signIn("nothing said", oidctest.Lie{}, true)
	signIn("another level", says("phr", "pwd"), true)
	signIn("the level the operator trusts", says("phrh"), false)
	signIn("the method the operator trusts", says("", "pwd", "hwk"), false)
	signIn("the same, not in a list", claim("amr", "hwk"), false)
	signIn("something else for a list", claim("amr", 7), true)
}

func TestWhoMayNotSignInHereMayNotWithAProvider(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	who := maria()
	s := r.joined(ctx, who)
	if err := r.exec(ctx, "suspend", `UPDATE users SET state = 'suspended' WHERE id = ?`, s.User.ID); err != nil {
		t.Fatal(err)
	}
	for _, signUp := range []bool{false, true} {
		_, err := r.SignIn(ctx, r.visit(ctx, signUp, who))
		wantFault(t, err, ErrWrong)
	}
}
