package factor

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/pkg/softkey"
)

const page = "https://app.example.org"

func honest() *softkey.Browser { return &softkey.Browser{Origin: page, Counts: true} }

type descriptorJSON struct {
	ID string `json:"id"`
}

func written(all []Descriptor) []descriptorJSON {
	out := []descriptorJSON{}
	for _, d := range all {
		out = append(out, descriptorJSON{base64.RawURLEncoding.EncodeToString(d.ID)})
	}
	return out
}

// make lets a browser answer what BeginPasskey asks for.
func create(t *testing.T, b *softkey.Browser, c Creation) Attestation {
	t.Helper()
	options, err := json.Marshal(map[string]any{
		"challenge": c.Text, "rp": map[string]string{"id": c.Domain},
		"user": descriptorJSON{base64.RawURLEncoding.EncodeToString(c.User[:])}, "excludeCredentials": written(c.Exclude),
	})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := b.Create(options)
	if err != nil {
		t.Fatal(err)
	}
	var a struct {
		ID       string
		Response struct {
			ClientDataJSON, AttestationObject string
			Transports                        []string
		}
	}
	if err := json.Unmarshal(raw, &a); err != nil {
		t.Fatal(err)
	}
	return Attestation{ID: a.ID, RawID: a.ID, ClientData: a.Response.ClientDataJSON, Object: a.Response.AttestationObject, Transports: a.Response.Transports}
}

// sign lets a browser answer a Request.
func sign(t *testing.T, b *softkey.Browser, r Request) Assertion {
	t.Helper()
	options, err := json.Marshal(map[string]any{"challenge": r.Text, "rpId": r.Domain, "allowCredentials": written(r.Allow)})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := b.Get(options)
	if err != nil {
		t.Fatal(err)
	}
	var a struct {
		ID       string
		Response struct{ ClientDataJSON, AuthenticatorData, Signature, UserHandle string }
	}
	if err := json.Unmarshal(raw, &a); err != nil {
		t.Fatal(err)
	}
	return Assertion{
		ID: a.ID, RawID: a.ID, ClientData: a.Response.ClientDataJSON, AuthenticatorData: a.Response.AuthenticatorData,
		Signature: a.Response.Signature, UserHandle: a.Response.UserHandle,
	}
}

// add gives somebody a passkey of a browser.
func (r *rig) add(ctx context.Context, t *testing.T, who account.Actor, b *softkey.Browser) Passkey {
	t.Helper()
	c, err := r.BeginPasskey(ctx, who)
	if err != nil {
		t.Fatal(err)
	}
	p, err := r.AddPasskey(ctx, who, " My phone ", create(t, b, c))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// asks begins a sign-in.
func (r *rig) asks(ctx context.Context, t *testing.T) Request {
	t.Helper()
	q, err := r.BeginPasskeySignIn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// enter signs in with a browser.
func (r *rig) enter(ctx context.Context, t *testing.T, b *softkey.Browser) (account.Session, error) {
	t.Helper()
	return r.SignInWithPasskey(ctx, sign(t, b, r.asks(ctx, t)))
}

func TestAddPasskey(t *testing.T) {
	t.Parallel()

	t.Run("it is her factor, proves this session and makes the others owe it", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		who := r.person(ctx, t)
		other := r.signIn(ctx, t, who.ID)
		added := r.add(ctx, t, who, honest())
		all, err := r.Passkeys(ctx, who)
		if err != nil || len(all) != 1 || all[0] != added || added.Name != "My phone" || !added.CreatedAt.Equal(noon) || !added.LastUsedAt.IsZero() || added.Synced {
			t.Errorf("%+v, %v, added %+v", all, err, added)
		}
		if set, err := r.Factors(ctx, who); err != nil || set.Passkeys != 1 {
			t.Errorf("%+v, %v", set, err)
		}
		if now := r.again(ctx, t, who); now.Owes() || !now.ByFactor || len(now.Factors) != 1 || now.Factors[0] != account.ByPasskey {
			t.Errorf("this session %+v", now)
		}
		if now := r.again(ctx, t, other); !now.Owes() {
			t.Errorf("the other session %+v", now)
		}
		if r.letters(ctx, t, account.FactorAdded) != 1 || r.acts(ctx, t, who.ID, "factor.add") != 1 {
			t.Error("it is not told, or not audited")
		}
	})

	t.Run("who has a role pays with her first what she owes", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		who := r.person(ctx, t, account.Coach)
		r.add(ctx, t, who, honest())
		if r.again(ctx, t, who).Owes() {
			t.Error("she still owes")
		}
	})

	t.Run("ten are the most", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		who := r.person(ctx, t)
		late, err := r.BeginPasskey(ctx, who)
		if err != nil {
			t.Fatal(err)
		}
		for range maxPasskeys {
			r.add(ctx, t, who, honest())
		}
		_, err = r.BeginPasskey(ctx, who)
		wantFault(t, err, ErrPasskeysFull)
		_, err = r.AddPasskey(ctx, who, "One more", create(t, honest(), late))
		wantFault(t, err, ErrPasskeysFull)
	})

	t.Run("one that is somebody's is added to nobody else", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		who, other := r.person(ctx, t), r.person(ctx, t)
		row := passkeyRow{ID: pg.NewID(), UserID: who.ID, CredentialID: []byte("known"), PublicKey: []byte("key"), Name: "Mine", CreatedAt: noon}
		if err := r.insertPasskey(ctx, who, row); err != nil {
			t.Fatal(err)
		}
		row.ID, row.UserID = pg.NewID(), other.ID
		wantFault(t, r.insertPasskey(ctx, other, row), ErrPasskeyKnown)
	})

	for name, spoil := range map[string]func(b *softkey.Browser){
		"of another page":         func(b *softkey.Browser) { b.Origin = "https://app.example.com" },
		"of a page below":         func(b *softkey.Browser) { b.Origin = "https://evil.app.example.org" },
		"of another port":         func(b *softkey.Browser) { b.Origin = page + ":8443" },
		"without TLS":             func(b *softkey.Browser) { b.Origin = "http://app.example.org" },
		"in a frame":              func(b *softkey.Browser) { b.Framed = true },
		"of another domain":       func(b *softkey.Browser) { b.Domain = "example.com" },
		"of an unverified user":   func(b *softkey.Browser) { b.Unverified = true },
		"that nobody has touched": func(b *softkey.Browser) { b.Absent = true },
	} {
		t.Run("an answer "+name+" adds nothing, and uses the challenge up", func(t *testing.T) {
			t.Parallel()
			ctx, r := inTx(t)
			who := r.person(ctx, t)
			c, err := r.BeginPasskey(ctx, who)
			if err != nil {
				t.Fatal(err)
			}
			b := honest()
			spoil(b)
			_, err = r.AddPasskey(ctx, who, "Phone", create(t, b, c))
			wantFault(t, err, fault.ErrInvalid)
			_, err = r.AddPasskey(ctx, who, "Phone", create(t, honest(), c))
			wantFault(t, err, fault.ErrInvalid)
			if all, err := r.Passkeys(ctx, who); err != nil || len(all) != 0 {
				t.Errorf("%+v, %v", all, err)
			}
		})
	}

	t.Run("a challenge is for one session, one purpose and five minutes", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		who := r.person(ctx, t)
		begin := func() Creation {
			c, err := r.BeginPasskey(ctx, who)
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		fails := func(as account.Actor, c Creation) {
			t.Helper()
			_, err := r.AddPasskey(ctx, as, "Phone", create(t, honest(), c))
			wantFault(t, err, fault.ErrInvalid)
		}
		fails(r.signIn(ctx, t, who.ID), begin())
		fails(r.person(ctx, t), begin())
		elsewhere := begin()
		elsewhere.Text = r.asks(ctx, t).Text
		fails(who, elsewhere)
		forged := begin()
		forged.Text = forged.Text[:40] + strings.Repeat("A", 24)
		fails(who, forged)
		late := begin()
		r.clock.Advance(ChallengeTTL)
		fails(who, late)
	})
}

func TestPasskeyNames(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	who := r.person(ctx, t)
	p := r.add(ctx, t, who, honest())
	for name, good := range map[string]bool{
		" Work key ": true, "Schlüssel 🔑": true, "": false, "  ": false, "two\nlines": false, "turned \u202e": false,
		string(make([]byte, 81)): false,
	} {
		got, err := r.RenamePasskey(ctx, who, p.ID, name)
		if good != (err == nil) || good && (got.ID != p.ID || got.Name == p.Name) {
			t.Errorf("%q: %+v, %v", name, got, err)
		}
	}
	_, err := r.RenamePasskey(ctx, r.person(ctx, t), p.ID, "Mine")
	wantFault(t, err, fault.ErrNotFound)
	if n := r.count(ctx, t, `SELECT count(*) AS n FROM audit_log WHERE action = 'passkey.rename' AND detail = jsonb_build_object('passkey_id', ?::text)`, p.ID); n != 2 {
		t.Errorf("two new names are audited %d times", n)
	}
}

func TestRemovePasskey(t *testing.T) {
	t.Parallel()

	t.Run("it opens nothing any more, and recovery codes go with the last", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		who, b := r.person(ctx, t), honest()
		p := r.add(ctx, t, who, b)
		if _, err := r.MakeRecoveryCodes(ctx, who); err != nil {
			t.Fatal(err)
		}
		wantFault(t, r.RemovePasskey(ctx, r.person(ctx, t), p.ID), fault.ErrNotFound)
		if err := r.RemovePasskey(ctx, who, p.ID); err != nil {
			t.Fatal(err)
		}
		wantFault(t, r.RemovePasskey(ctx, who, p.ID), fault.ErrNotFound)
		if set, err := r.Factors(ctx, who); err != nil || set.Passkeys != 0 || set.RecoveryCodes != 0 || len(r.again(ctx, t, who).Factors) != 0 {
			t.Errorf("%+v, %v", set, err)
		}
		_, err := r.enter(ctx, t, b)
		wantFault(t, err, ErrPasskey)
		if r.letters(ctx, t, account.FactorRemoved) != 1 || r.acts(ctx, t, who.ID, "factor.remove") != 1 {
			t.Error("it is not told, or not audited")
		}
	})

	t.Run("the last factor of a role stays, of whatever kind", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		coach, _ := r.enrolled(ctx, t, account.Coach)
		first := r.add(ctx, t, coach, honest())
		if err := r.RemoveTOTP(ctx, coach); err != nil {
			t.Fatal(err)
		}
		wantFault(t, r.RemovePasskey(ctx, coach, first.ID), ErrNeeded)
		wantFault(t, r.RemovePasskey(ctx, coach, uuid.New()), fault.ErrNotFound)
		r.add(ctx, t, coach, honest())
		if err := r.RemovePasskey(ctx, coach, first.ID); err != nil {
			t.Error(err)
		}
	})
}

func TestPrunePasskeys(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	r.asks(ctx, t)
	r.clock.Advance(time.Minute)
	r.asks(ctx, t)
	r.clock.Advance(ChallengeTTL - time.Minute)
	if err := r.prune(ctx, r.clock.Now()); err != nil {
		t.Fatal(err)
	}
	if n := r.count(ctx, t, `SELECT count(*) AS n FROM passkey_challenges`); n != 1 {
		t.Errorf("%d challenges are left, want 1", n)
	}
}
