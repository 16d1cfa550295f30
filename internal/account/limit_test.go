package account

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

func TestLimitKey(t *testing.T) {
	t.Parallel()
	_, r := inTx(t)

	t.Run("every way of writing an address has one key, and another address another", func(t *testing.T) {
		t.Parallel()
		key := r.LimitKey("maria.lopez@example.org")
		if key == "" || strings.Contains(key, "maria") {
			t.Errorf("key %q", key)
		}
		for _, same := range []string{
			"MARIA.lopez@Example.ORG", "marialopez@example.org", "m.a.r.i.a.l.o.p.e.z@example.org", "maria.lopez+shop@example.org",
			"ｍａｒｉａ.lopez@example.org", "maria.lopez@ｅｘａｍｐｌｅ.org",
		} {
			if r.LimitKey(same) != key {
				t.Errorf("%s has a key of its own", same)
			}
		}
		for _, other := range []string{"mario.lopez@example.org", "maria.lopez@example.com", "maria.lopez@mail.example.org"} {
			if r.LimitKey(other) == key {
				t.Errorf("%s has the same key", other)
			}
		}
	})

	t.Run("what is no address has none", func(t *testing.T) {
		t.Parallel()
		for _, none := range []string{"", "maria", "@example.org", "maria@", "maria@localhost", "maria lopez@example.org", "maria@example.org.", "a@b@example.org"} {
			if key := r.LimitKey(none); key != "" {
				t.Errorf("%q has the key %s", none, key)
			}
		}
	})
}

func TestKnownDevice(t *testing.T) {
	t.Parallel()
	signedIn := func(t *testing.T) (context.Context, *rig, string, Session) {
		t.Helper()
		ctx, r := inTx(t)
		r.clock.Set(time.Now())
		email, _ := r.member(ctx, t)
		s, err := r.LogIn(ctx, email, goodPassword)
		if err != nil {
			t.Fatal(err)
		}
		return ctx, r, email, s
	}

	t.Run("a device is known by the token of its session, also when that is over, and for 180 days", func(t *testing.T) {
		t.Parallel()
		ctx, r, email, s := signedIn(t)
		for _, spelling := range []string{email, strings.ToUpper(email)} {
			if id, ok := r.KnownDevice(spelling, s.DeviceToken); !ok || id != s.ID {
				t.Errorf("%s: %s, %v", spelling, id, ok)
			}
		}
		if err := r.LogOut(ctx, s.ID, ""); err != nil {
			t.Fatal(err)
		}
		r.clock.Advance(KnownFor - time.Minute)
		if _, ok := r.KnownDevice(email, s.DeviceToken); !ok {
			t.Error("not known a minute before")
		}
		r.clock.Advance(2 * time.Minute)
		if _, ok := r.KnownDevice(email, s.DeviceToken); ok {
			t.Error("known after 180 days")
		}
	})

	t.Run("another password shuts out what was known, but for where she stays signed in", func(t *testing.T) {
		t.Parallel()
		ctx, r, email, over := signedIn(t)
		here, err := r.LogIn(ctx, email, goodPassword)
		if err != nil {
			t.Fatal(err)
		}
		known := func(s Session) bool {
			known, err := r.StillKnown(ctx, email, s.ID)
			if err != nil {
				t.Fatal(err)
			}
			return known
		}
		if err := r.LogOut(ctx, over.ID, ""); err != nil {
			t.Fatal(err)
		}
		if !known(over) || !known(here) {
			t.Error("not known before")
		}
		r.clock.Advance(time.Minute)
		if err := r.SetPassword(ctx, here.User.ID, PasswordHash{}); err != nil {
			t.Fatal(err)
		}
		if known(over) || !known(here) {
			t.Errorf("signed out: %v, signed in: %v", known(over), known(here))
		}
		if known, err := r.StillKnown(ctx, newEmail(), here.ID); err != nil || known {
			t.Errorf("for somebody else: %v, %v", known, err)
		}
	})

	t.Run("it keeps its token when it refreshes", func(t *testing.T) {
		t.Parallel()
		ctx, r, _, s := signedIn(t)
		next, err := r.Refresh(ctx, s.RefreshToken)
		if err != nil || next.DeviceToken != s.DeviceToken {
			t.Errorf("%v: the token changed: %v", err, next.DeviceToken != s.DeviceToken)
		}
	})

	t.Run("for another address, altered or made up it is not known", func(t *testing.T) {
		t.Parallel()
		_, r, email, s := signedIn(t)
		last := s.DeviceToken[len(s.DeviceToken)-1]
		for what, try := range map[string][2]string{
			"another address":  {newEmail(), s.DeviceToken},
			"none":             {email, ""},
			"no prefix":        {email, strings.TrimPrefix(s.DeviceToken, devicePrefix)},
			"cut":              {email, s.DeviceToken[:len(s.DeviceToken)-1]},
			"another end":      {email, s.DeviceToken[:len(s.DeviceToken)-1] + string(last^1)},
			"a refresh token":  {email, s.RefreshToken},
			"of another house": {email, devicePrefix + strings.Repeat("A", len(s.DeviceToken)-len(devicePrefix))},
			"with a line end":  {email, s.DeviceToken + "\n"},
		} {
			if _, ok := r.KnownDevice(try[0], try[1]); ok {
				t.Errorf("%s: known", what)
			}
		}
	})

	t.Run("it opens nothing", func(t *testing.T) {
		t.Parallel()
		ctx, r, email, s := signedIn(t)
		_, err := r.Refresh(ctx, s.DeviceToken)
		wantFault(t, err, ErrRefreshInvalid)
		_, err = r.LogIn(ctx, email, s.DeviceToken)
		wantFault(t, err, ErrCredentials)
		if _, err := r.Authenticate(ctx, s.DeviceToken); err == nil {
			t.Error("it is taken for an access token")
		}
	})
}

func TestSessionOf(t *testing.T) {
	t.Parallel()
	_, r := inTx(t)
	id := uuid.New()
	for _, generation := range []int64{1, 7} {
		if got, ok := r.SessionOf(r.refreshToken(id, generation)); !ok || got != id {
			t.Errorf("generation %d: %s, %v", generation, got, ok)
		}
	}
	if _, ok := r.SessionOf("rt1.made-up"); ok {
		t.Error("a token that we did not make has a session")
	}
}
