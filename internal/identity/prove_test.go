package identity

import (
	"context"
	"testing"
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/identity/oidctest"
)

func (r rig) toProve(ctx context.Context, who account.Actor, there oidctest.Person) Return {
	r.t.Helper()
	f, err := r.BeginProof(ctx, who, "example")
	if err != nil {
		r.t.Fatal(err)
	}
	return r.back(f, there)
}

func TestWhoHasNoPasswordProvesHerselfWithHerProvider(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	there := maria()
	s := r.joined(ctx, there)
	r.now.Advance(time.Minute)
	sooner := r.now.Now().Add(-account.Freshness).Add(-time.Second)
	r.now.Advance(account.Freshness - 2*time.Minute)
	me := r.actor(ctx, s)
	refused := func(what string, lie oidctest.Lie, who oidctest.Person) {
		t.Helper()
		r.there.Lie(lie)
		if err := r.Prove(ctx, me, r.toProve(ctx, me, who)); err == nil {
			t.Errorf("%s proves it", what)
		} else {
			wantFault(t, err, account.ErrProofWrong)
		}
	}
	refused("somebody else", oidctest.Lie{}, maria())
	refused("an old sign-in", claim("auth_time", sooner.Unix()), there)
	refused("a sign-in to come", claim("auth_time", r.now.Now().Add(time.Hour).Unix()), there)
	refused("a provider that does not say when", claim("auth_time", nil), there)
	r.there.Lie(oidctest.Lie{})
	back := r.toProve(ctx, me, there)
	if err := r.Prove(ctx, me, back); err != nil {
		t.Fatal(err)
	}
	r.now.Advance(5 * time.Minute) // by now the sign-in itself is too old
	if who, err := r.account.Recheck(ctx, me); err != nil || !who.Fresh(r.now.Now()) || who.ByFactor {
		t.Errorf("her proof is of %s, %v", who.ProvedAt, err)
	}
	wantFault(t, r.Prove(ctx, me, back), ErrFlow)
}

func TestAProviderPaysNoSecondFactor(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	there := maria()
	s := r.joined(ctx, there)
	back := r.toProve(ctx, r.actor(ctx, s), there)
	if err := r.account.SetFactors(ctx, r.actor(ctx, s), []string{"totp"}); err != nil {
		t.Fatal(err)
	}
	me := r.actor(ctx, s)
	wantFault(t, r.Prove(ctx, me, back), account.ErrFactorOwed)
	_, err := r.BeginProof(ctx, me, "example")
	wantFault(t, err, account.ErrFactorOwed)
}

// Asking a provider takes seconds, in which much can happen to her account.
func TestWhatComesWhileTheProviderIsAskedCounts(t *testing.T) {
	t.Parallel()

	t.Run("a second factor", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		there := maria()
		old, mine := r.joined(ctx, there), r.signedInAgain(ctx, there)
		stale := r.actor(ctx, old)
		back := r.toProve(ctx, stale, there)
		if err := r.account.SetFactors(ctx, r.actor(ctx, mine), []string{account.ByTOTP}); err != nil {
			t.Fatal(err)
		}
		wantFault(t, r.Prove(ctx, stale, back), account.ErrFactorOwed)
		if who := r.actor(ctx, old); !who.Owes() {
			t.Errorf("the other session does not owe the factor: %+v", who)
		}
	})

	t.Run("a role", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		there := maria()
		s := r.joined(ctx, there)
		stale := r.actor(ctx, s)
		back := r.toProve(ctx, stale, there)
		if _, _, err := r.account.GrantRole(ctx, account.Actor{}, stale.ID, account.NewGrant{Role: account.Moderator}); err != nil {
			t.Fatal(err)
		}
		if err := r.Prove(ctx, stale, back); err != nil {
			t.Fatal(err)
		}
		if who := r.actor(ctx, s); !who.Owes() || who.ByFactor {
			t.Errorf("one factor opens a role: %+v", who)
		}
	})
}

func TestAProviderWhoseFactorCountsProvesARole(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	r.providers[0].provider.FactorAMR = []string{"hwk"}
	there := maria()
	s := r.joined(ctx, there)
	if _, _, err := r.account.GrantRole(ctx, account.Actor{}, s.User.ID, account.NewGrant{Role: account.Moderator}); err != nil {
		t.Fatal(err)
	}
	r.there.Lie(claim("amr", []string{"hwk"}))
	s = r.signedInAgain(ctx, there)
	me := r.actor(ctx, s)
	if me.Owes() {
		t.Fatalf("%+v", me)
	}
	r.there.Lie(oidctest.Lie{})
	wantFault(t, r.Prove(ctx, me, r.toProve(ctx, me, there)), account.ErrProofWrong)
	r.there.Lie(claim("amr", []string{"hwk"}))
	if err := r.Prove(ctx, me, r.toProve(ctx, me, there)); err != nil {
		t.Fatal(err)
	}
	if who := r.actor(ctx, s); who.Owes() {
		t.Errorf("%+v", who)
	}
}

func (r rig) signedInAgain(ctx context.Context, there oidctest.Person) account.Session {
	r.t.Helper()
	s, err := r.SignIn(ctx, r.visit(ctx, false, there))
	if err != nil {
		r.t.Fatal(err)
	}
	return s
}

func TestAProofIsNoSignInAndNoLink(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	there := maria()
	s := r.joined(ctx, there)
	me := r.actor(ctx, s)
	back := r.toProve(ctx, me, there)
	_, err := r.SignIn(ctx, back)
	wantFault(t, err, ErrFlow)
	_, err = r.Link(ctx, me, back)
	wantFault(t, err, ErrFlow)
	wantFault(t, r.Prove(ctx, me, r.toLink(ctx, me, there)), ErrFlow)
	other := r.actor(ctx, r.joined(ctx, maria()))
	wantFault(t, r.Prove(ctx, other, back), ErrFlow)
}

// Who is signed in at her provider since yesterday is let in, and asked anew
// for what wants a fresh proof. A second factor there pays what a role asks for
// where the operator says so, and only there.
func TestASignInIsAsFreshAsTheProviderSays(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	there := maria()
	r.joined(ctx, there)
	sign := func(l oidctest.Lie) account.Actor {
		t.Helper()
		r.there.Lie(l)
		s, err := r.SignIn(ctx, r.visit(ctx, false, there))
		if err != nil {
			t.Fatal(err)
		}
		return r.actor(ctx, s)
	}
	if who := sign(oidctest.Lie{}); !who.Fresh(r.now.Now()) || who.Owes() {
		t.Errorf("just now: %+v", who)
	}
	if who := sign(claim("auth_time", r.now.Now().Add(-24*time.Hour).Unix())); who.Fresh(r.now.Now()) || who.Owes() {
		t.Errorf("yesterday: %+v", who)
	}
	me := sign(claim("auth_time", nil))
	if me.Fresh(r.now.Now()) || me.Owes() {
		t.Errorf("unsaid: %+v", me)
	}
	c, _ := r.client("example")
	for _, trusted := range []bool{false, true} {
		if trusted {
			c.provider.FactorAMR = []string{"hwk"}
		}
		r.there.Lie(claim("amr", []string{"hwk"}))
		if err := r.Prove(ctx, me, r.toProve(ctx, me, there)); err != nil {
			t.Fatal(err)
		}
		if who, err := r.account.Recheck(ctx, me); err != nil || who.ByFactor != trusted {
			t.Errorf("trusted %v: %+v, %v", trusted, who, err)
		}
	}
}
