package account

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

func TestDevices(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	phone := WithClient(ctx, Client{Device: "Safari on iOS", Network: "198.51.100.0/24"})
	first := r.signedIn(ctx, t)
	who, err := r.Authenticate(ctx, first.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	r.clock.Advance(time.Minute)
	second, err := r.LogIn(phone, first.User.Email, goodPassword)
	if err != nil {
		t.Fatal(err)
	}
	stranger := r.signedIn(ctx, t)

	t.Run("hers are listed with device, network and way, the latest first", func(t *testing.T) {
		hers, err := r.Devices(ctx, who)
		if err != nil || len(hers) != 2 {
			t.Fatalf("%+v, %v", hers, err)
		}
		if d := hers[0]; d.ID != second.ID || d.Device != "Safari on iOS" || d.Network != "198.51.100.0/24" || d.Way != ByPassword ||
			!d.LastSeenAt.Equal(noon.Add(time.Minute)) {
			t.Errorf("%+v", d)
		}
		if d := hers[1]; d.ID != first.ID || d.Device != "" {
			t.Errorf("%+v", d)
		}
	})

	t.Run("being seen is written about every five minutes", func(t *testing.T) {
		for _, c := range []struct {
			after time.Duration
			want  time.Time
		}{{time.Minute, noon}, {5 * time.Minute, noon.Add(7 * time.Minute)}} {
			r.clock.Advance(c.after)
			if _, err := r.Authenticate(ctx, first.AccessToken); err != nil {
				t.Fatal(err)
			}
			if got := scalar[time.Time](ctx, t, r.db, `SELECT last_seen_at FROM sessions WHERE id = $1`, first.ID); !got.Equal(c.want) {
				t.Errorf("last seen %v, want %v", got, c.want)
			}
		}
	})

	t.Run("one of somebody else is not there", func(t *testing.T) {
		for _, id := range []uuid.UUID{stranger.ID, pg.NewID()} {
			wantFault(t, r.EndDevice(ctx, who, id), fault.ErrNotFound)
		}
	})

	t.Run("one that ended is refused, not listed, and cannot end again", func(t *testing.T) {
		if err := r.EndDevice(ctx, who, second.ID); err != nil {
			t.Fatal(err)
		}
		_, err := r.Authenticate(ctx, second.AccessToken)
		wantFault(t, err, ErrUnauthenticated)
		if hers, err := r.Devices(ctx, who); err != nil || len(hers) != 1 || hers[0].ID != first.ID {
			t.Errorf("%+v, %v", hers, err)
		}
		wantFault(t, r.EndDevice(ctx, who, second.ID), fault.ErrNotFound)
		if r.acts.count("session.end") != 1 {
			t.Error("not audited once")
		}
	})
}

func TestEndDevices(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ keep, lives bool }{"all but this one": {true, true}, "every one": {false, false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, r := inTx(t)
			first := r.signedIn(ctx, t)
			second, err := r.LogIn(ctx, first.User.Email, goodPassword)
			if err != nil {
				t.Fatal(err)
			}
			who, err := r.Authenticate(ctx, first.AccessToken)
			if err != nil {
				t.Fatal(err)
			}
			if err := r.EndDevices(ctx, who, c.keep); err != nil {
				t.Fatal(err)
			}
			if _, err := r.Authenticate(ctx, first.AccessToken); (err == nil) != c.lives {
				t.Errorf("the one she uses: %v", err)
			}
			_, err = r.Authenticate(ctx, second.AccessToken)
			wantFault(t, err, ErrUnauthenticated)
			_, err = r.Refresh(ctx, second.RefreshToken)
			wantFault(t, err, ErrRefreshInvalid)
			if r.revocations(ctx, t, first.User.ID) == 0 {
				t.Error("streams were not told")
			}
		})
	}
}

func TestClient(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"203.0.113.77": "203.0.113.0/24", "::ffff:203.0.113.77": "203.0.113.0/24",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1::/48", "fe80::1%eth0": "fe80::/48", "": "", "203.0.113.77:80": "", "nonsense": "",
	} {
		if got := Network(address); got != want {
			t.Errorf("%q gives %q, want %q", address, got, want)
		}
	}
	if got := clientFrom(WithClient(context.Background(), Client{Device: strings.Repeat("ü", 500)})); len([]rune(got.Device)) != longestDevice {
		t.Errorf("a device name of %d characters", len([]rune(got.Device)))
	}
}

func TestProof(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	s := r.signedIn(ctx, t)
	actor := func(token string) Actor {
		t.Helper()
		who, err := r.Authenticate(ctx, token)
		if err != nil {
			t.Fatal(err)
		}
		return who
	}

	t.Run("signing in is a proof, for ten minutes", func(t *testing.T) {
		who := actor(s.AccessToken)
		if who.Owes() || !who.Fresh(noon.Add(Freshness)) || who.Fresh(noon.Add(Freshness+time.Second)) {
			t.Errorf("%+v", who)
		}
	})

	t.Run("her password is one more", func(t *testing.T) {
		r.clock.Advance(9 * time.Minute)
		wantFault(t, r.ProvePassword(ctx, actor(s.AccessToken), "twelve years of Logistics"), ErrProofWrong)
		if err := r.ProvePassword(ctx, actor(s.AccessToken), goodPassword); err != nil {
			t.Fatal(err)
		}
		if who := actor(s.AccessToken); !who.Fresh(noon.Add(9*time.Minute + Freshness)) {
			t.Errorf("%+v", who)
		}
	})

	t.Run("a session that ended meanwhile is not proved", func(t *testing.T) {
		other, err := r.LogIn(ctx, s.User.Email, goodPassword)
		if err != nil {
			t.Fatal(err)
		}
		who := actor(other.AccessToken)
		if err := r.LogOut(ctx, other.ID, ""); err != nil {
			t.Fatal(err)
		}
		for what, err := range map[string]error{
			"a password": r.ProvePassword(ctx, who, goodPassword), "again": r.ProveAgain(ctx, who, true), "a factor": r.Prove(ctx, who),
			"any act": r.StillActs(ctx, who, PasswordHash{}),
		} {
			if !errors.Is(err, ErrUnauthenticated) {
				t.Errorf("%s: %v", what, err)
			}
		}
	})

	t.Run("with a second factor, other and new sessions owe it and a password is not enough", func(t *testing.T) {
		other, err := r.LogIn(ctx, s.User.Email, goodPassword)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.SetFactors(ctx, actor(s.AccessToken), []string{"totp", "recovery_code", "totp"}); err != nil {
			t.Fatal(err)
		}
		fresh, err := r.LogIn(ctx, s.User.Email, goodPassword)
		if err != nil || !fresh.FactorOwed {
			t.Fatalf("%+v, %v", fresh, err)
		}
		for _, token := range []string{other.AccessToken, fresh.AccessToken, r.again(ctx, t, other.RefreshToken).AccessToken} {
			who := actor(token)
			if !who.Owes() || strings.Join(who.Proofs(), " ") != "recovery_code totp" {
				t.Errorf("%+v", who)
			}
			wantFault(t, r.ProvePassword(ctx, who, goodPassword), ErrFactorOwed)
		}
		if actor(s.AccessToken).Owes() {
			t.Error("the session that made it owes it too")
		}
		// The password was being compared while the factor came.
		stale := actor(other.AccessToken)
		stale.Factors = nil
		wantFault(t, r.ProvePassword(ctx, stale, goodPassword), ErrFactorOwed)
		if !actor(other.AccessToken).Owes() {
			t.Error("a password that was slow pays the factor")
		}
		full, _, err := r.SignIn(ctx, s.User.ID, Proof{Way: ByPasskey, Full: true})
		if err != nil || full.FactorOwed || actor(full.AccessToken).Owes() {
			t.Errorf("a proof that stands for two owes one: %v", err)
		}
	})

	t.Run("what was checked before she had a second factor comes too late", func(t *testing.T) {
		late := Actor{ID: s.User.ID, SessionID: s.ID} // as her request knew her when it began
		wantFault(t, r.ProvePassword(ctx, late, goodPassword), ErrFactorOwed)
		wantFault(t, r.ProveAgain(ctx, late, false), ErrFactorOwed)
	})

	t.Run("proving pays what is owed", func(t *testing.T) {
		owing, err := r.LogIn(ctx, s.User.Email, goodPassword)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Prove(ctx, actor(owing.AccessToken)); err != nil {
			t.Fatal(err)
		}
		if actor(owing.AccessToken).Owes() {
			t.Error("it still owes")
		}
	})
}

func TestAProofFromElsewhere(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	u := r.signedIn(ctx, t).User
	actor := func(s Session) Actor {
		t.Helper()
		who, err := r.Authenticate(ctx, s.AccessToken)
		if err != nil {
			t.Fatal(err)
		}
		return who
	}
	given := func(at time.Time, full bool) (Session, Actor) {
		t.Helper()
		s, ok, err := r.SignIn(ctx, u.ID, Proof{Way: ByOIDC, Full: full, At: at})
		if err != nil || !ok {
			t.Fatal(err)
		}
		return s, actor(s)
	}

	t.Run("is as fresh as it is there", func(t *testing.T) {
		for at, fresh := range map[time.Time]bool{
			noon: true, noon.Add(-Freshness): true, noon.Add(-Freshness - time.Second): false, time.Unix(0, 0): false, noon.Add(time.Hour): true,
		} {
			if _, who := given(at, false); who.Fresh(noon) != fresh || who.Owes() || who.ProvedAt.After(noon) {
				t.Errorf("of %s: %+v", at, who)
			}
		}
	})

	t.Run("counts as a second factor however old, until her password alone makes it fresh", func(t *testing.T) {
		_, who := given(time.Unix(0, 0), true)
		if !who.ByFactor || who.Fresh(noon) {
			t.Errorf("%+v", who)
		}
		if err := r.ProvePassword(ctx, who, goodPassword); err != nil {
			t.Fatal(err)
		}
		if who, err := r.Recheck(ctx, who); err != nil || who.ByFactor || !who.Fresh(noon) {
			t.Errorf("%+v, %v", who, err)
		}
	})

	t.Run("repeated there it opens what asks for a fresh one, and pays no second factor", func(t *testing.T) {
		s, who := given(time.Unix(0, 0), false)
		if err := r.ProveAgain(ctx, who, false); err != nil {
			t.Fatal(err)
		}
		if who = actor(s); !who.Fresh(noon) || who.ByFactor {
			t.Errorf("%+v", who)
		}
	})
}

func TestABrowserHasOneSession(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	first := r.signedIn(ctx, t)
	second, err := r.LogIn(ctx, first.User.Email, goodPassword)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.LogIn(WithBrowser(ctx, first.RefreshToken), first.User.Email, "twelve years of Logistics"); err == nil {
		t.Fatal("a wrong password is good")
	}
	live := func(s Session) bool { _, err := r.Authenticate(ctx, s.AccessToken); return err == nil }
	if !live(first) {
		t.Error("a failed sign-in ends the session before")
	}
	third, err := r.LogIn(WithBrowser(ctx, first.RefreshToken), first.User.Email, goodPassword)
	if err != nil {
		t.Fatal(err)
	}
	if live(first) || !live(second) || !live(third) {
		t.Errorf("the session before lives: %v, that of another device: %v, the new one: %v", live(first), live(second), live(third))
	}
	if r.acts.count("session.end") != 1 || r.acts.count("session.begin") != 3 {
		t.Errorf("noted: %v", r.acts.seen)
	}
	for _, nothing := range []string{"", "rt1.forged", second.AccessToken} {
		if _, err := r.LogIn(WithBrowser(ctx, nothing), first.User.Email, goodPassword); err != nil || !live(second) {
			t.Errorf("with %.12q: %v", nothing, err)
		}
	}
}
