package factor

import (
	"context"
	"encoding/base64"
	"errors"
	"testing"
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
	"github.com/womens-tech-conservatory/conservatory/pkg/softkey"
)

func TestPasskeySignIn(t *testing.T) {
	t.Parallel()

	t.Run("it proves two factors and says by itself who she is", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		who, b := r.person(ctx, t, account.Admin), honest()
		r.add(ctx, t, who, b)
		r.clock.Advance(time.Hour)
		s, err := r.enter(ctx, t, b)
		if err != nil || s.FactorOwed || s.User.ID != who.ID {
			t.Fatalf("%+v, %v", s, err)
		}
		if in := r.look(ctx, t, s); in.Owes() || !in.Fresh(r.clock.Now()) || !in.ByFactor {
			t.Errorf("%+v", in)
		}
		if all, err := r.Passkeys(ctx, who); err != nil || !all[0].LastUsedAt.Equal(r.clock.Now()) {
			t.Errorf("%+v, %v", all, err)
		}
	})

	t.Run("one that does not count lets her in again and again", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		who, b := r.person(ctx, t), &softkey.Browser{Origin: page}
		r.add(ctx, t, who, b)
		for range 3 {
			if _, err := r.enter(ctx, t, b); err != nil {
				t.Fatal(err)
			}
		}
	})

	lies := map[string]func(b *softkey.Browser){
		"of another page":         func(b *softkey.Browser) { b.Origin = "https://app.example.com" },
		"in a frame":              func(b *softkey.Browser) { b.Framed = true },
		"of another domain":       func(b *softkey.Browser) { b.Domain = "example.com" },
		"of an unverified user":   func(b *softkey.Browser) { b.Unverified = true },
		"that nobody has touched": func(b *softkey.Browser) { b.Absent = true },
	}
	bends := map[string]func(a *Assertion){
		"without a user":       func(a *Assertion) { a.UserHandle = "" },
		"of another user":      func(a *Assertion) { a.UserHandle = "AZq1wAAAcACAAAAAAAABAQ" },
		"that nobody signed":   func(a *Assertion) { a.Signature = a.Signature[:12] + "AAAAAAAA" + a.Signature[20:] },
		"that is no base64url": func(a *Assertion) { a.ClientData += "=" },
		"that says nothing":    func(a *Assertion) { a.ClientData, a.AuthenticatorData = "e30", "AAAA" },
		"with a higher count":  func(a *Assertion) { a.AuthenticatorData = raised(a.AuthenticatorData) },
	}
	for name := range lies {
		bends[name] = func(*Assertion) {}
	}
	for name, bend := range bends {
		t.Run("an answer "+name+" opens nothing", func(t *testing.T) {
			t.Parallel()
			ctx, r := inTx(t)
			who, b := r.person(ctx, t), honest()
			r.add(ctx, t, who, b)
			if lie := lies[name]; lie != nil {
				lie(b)
			}
			a := sign(t, b, r.asks(ctx, t))
			bend(&a)
			_, err := r.SignInWithPasskey(ctx, a)
			wantFault(t, err, ErrPasskey)
		})
	}

	t.Run("a challenge is answered once, for what it was made, within five minutes", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		who, b := r.person(ctx, t), honest()
		r.add(ctx, t, who, b)
		q := r.asks(ctx, t)
		if _, err := r.SignInWithPasskey(ctx, sign(t, b, q)); err != nil {
			t.Fatal(err)
		}
		_, err := r.SignInWithPasskey(ctx, sign(t, b, q))
		wantFault(t, err, ErrPasskey)
		proof, err := r.BeginPasskeyProof(ctx, who)
		if err != nil {
			t.Fatal(err)
		}
		_, err = r.SignInWithPasskey(ctx, sign(t, b, proof))
		wantFault(t, err, ErrPasskey)
		late := r.asks(ctx, t)
		r.clock.Advance(ChallengeTTL)
		_, err = r.SignInWithPasskey(ctx, sign(t, b, late))
		wantFault(t, err, ErrPasskey)
	})

	t.Run("who is suspended stays out", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		who, b := r.person(ctx, t), honest()
		r.add(ctx, t, who, b)
		if err := r.exec(ctx, "suspend", `UPDATE users SET state = 'suspended' WHERE id = ?`, who.ID); err != nil {
			t.Fatal(err)
		}
		_, err := r.enter(ctx, t, b)
		wantFault(t, err, ErrPasskey)
	})
}

func TestCopiedPasskey(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	who, b := r.person(ctx, t), honest()
	r.add(ctx, t, who, b)
	thief := b.Clone()
	if _, err := r.enter(ctx, t, b); err != nil {
		t.Fatal(err)
	}
	_, err := r.enter(ctx, t, thief) // it counts as far as the honest one did before
	wantFault(t, err, ErrPasskey)
	if r.letters(ctx, t, account.PasskeyCopied) != 1 || r.acts(ctx, t, who.ID, "passkey.copy") != 1 {
		t.Error("it is not told, or not audited")
	}
	if _, err := r.enter(ctx, t, b); err != nil {
		t.Errorf("the honest one: %v", err)
	}
}

func TestPasskeyProof(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	who, b := r.person(ctx, t), honest()
	r.add(ctx, t, who, b)
	owing := r.signIn(ctx, t, who.ID)
	ask := func(as account.Actor) Request {
		q, err := r.BeginPasskeyProof(ctx, as)
		if err != nil {
			t.Fatal(err)
		}
		return q
	}
	q := ask(owing)
	if len(q.Allow) != 1 {
		t.Errorf("%+v may answer, want her passkey", q.Allow)
	}
	wantFault(t, r.ProvePasskey(ctx, who, sign(t, b, q)), account.ErrProofWrong) // another session of hers
	wantFault(t, r.ProvePasskey(ctx, owing, sign(t, b, r.asks(ctx, t))), account.ErrProofWrong)
	q = ask(owing)
	if err := r.ProvePasskey(ctx, owing, sign(t, b, q)); err != nil {
		t.Fatal(err)
	}
	if now := r.again(ctx, t, owing); now.Owes() || !now.ByFactor {
		t.Errorf("%+v", now)
	}
	wantFault(t, r.ProvePasskey(ctx, owing, sign(t, b, q)), account.ErrProofWrong)

	other, hers := r.person(ctx, t), honest()
	_, err := r.BeginPasskeyProof(ctx, other)
	wantFault(t, err, ErrPasskeyMissing)
	r.add(ctx, t, other, hers)
	q = ask(owing)
	q.Allow = nil
	wantFault(t, r.ProvePasskey(ctx, owing, sign(t, hers, q)), account.ErrProofWrong)
}

func TestOneChallengeManyHands(t *testing.T) {
	t.Parallel()
	r := on(t, pgtest.New(t))
	ctx := t.Context()
	who := r.person(ctx, t)
	b := &softkey.Browser{Origin: page}
	r.add(ctx, t, who, b)
	for range rounds {
		a := sign(t, b, r.asks(ctx, t))
		if won := race(ctx, func(ctx context.Context) error { _, err := r.SignInWithPasskey(ctx, a); return err }); won != 1 {
			t.Fatalf("%d hands got in, want 1", won)
		}
	}
}

// race gives how many hands were let in; -1 for an error that is no fault of
// theirs.
func race(ctx context.Context, use func(context.Context) error) int {
	results := make(chan error, hands)
	for range hands {
		go func() { results <- use(ctx) }()
	}
	won, broken := 0, false
	for range hands {
		err := <-results
		if err == nil {
			won++
		} else if !errors.Is(err, ErrPasskey) {
			broken = true
		}
	}
	if broken {
		return -1
	}
	return won
}

// raised is authenticator data with a count that nobody signed.
func raised(data string) string {
	raw, err := base64.RawURLEncoding.DecodeString(data)
	if err != nil || len(raw) == 0 {
		return data
	}
	raw[len(raw)-1]++
	return base64.RawURLEncoding.EncodeToString(raw)
}
