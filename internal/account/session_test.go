package account

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/outbox"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

// set changes the database past the domain.
func set(ctx context.Context, t *testing.T, db *pg.DB, sql string, args ...any) {
	t.Helper()
	tx, ok := db.Tx(ctx)
	if !ok {
		t.Fatal("outside a transaction")
	}
	if _, err := tx.Exec(ctx, sql, args...); err != nil {
		t.Fatal(err)
	}
}

func TestLogIn(t *testing.T) {
	t.Parallel()

	t.Run("the right password opens a session, in any spelling of the address", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		id := uuid.NewString()
		u, err := r.Create(ctx, NewUser{Email: "M." + id + "@Example.org", Password: goodPassword, DisplayName: "Maria", Roles: []Role{Moderator, Coach}})
		if err != nil {
			t.Fatal(err)
		}
		s, err := r.LogIn(ctx, "m."+id+"@EXAMPLE.org", goodPassword)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(u, s.User); diff != "" {
			t.Error(diff)
		}
		if s.ExpiresIn != 10*time.Minute || !s.RefreshExpiresAt.Equal(noon.Add(idleTTL)) || s.RefreshExpiresIn != idleTTL {
			t.Errorf("session %+v", s)
		}
	})

	t.Run("a wrong password, an unknown address and no address get the same answer", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		email, _ := r.member(ctx, t)
		for _, try := range [][2]string{{email, "Twelve years of logistics"}, {newEmail(), goodPassword}, {"maria", goodPassword}, {email, ""}} {
			counted, n := pg.Count(ctx)
			_, err := r.LogIn(counted, try[0], try[1])
			wantFault(t, err, ErrCredentials)
			if n.N() != 1 {
				t.Errorf("%d statements for %q, want 1", n.N(), try[0])
			}
		}
	})
}

func TestLogInOfSomeAccounts(t *testing.T) {
	t.Parallel()

	t.Run("who is suspended, or has no password, does not get in", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		email, u := r.member(ctx, t)
		set(ctx, t, r.db, `UPDATE users SET state = 'suspended' WHERE id = $1`, u.ID)
		_, err := r.LogIn(ctx, email, goodPassword)
		wantFault(t, err, ErrCredentials)
		bare := newEmail()
		if _, err := r.Create(ctx, NewUser{Email: bare, DisplayName: "Demo"}); err != nil {
			t.Fatal(err)
		}
		_, err = r.LogIn(ctx, bare, "")
		wantFault(t, err, ErrCredentials)
	})

	t.Run("a hash of lower cost is replaced when she signs in", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		email, u := r.member(ctx, t)
		r.passwords.cost.time = 2
		for range 2 {
			if _, err := r.LogIn(ctx, email, goodPassword); err != nil {
				t.Fatal(err)
			}
			hash := scalar[string](ctx, t, r.db, `SELECT password_hash FROM users WHERE id = $1`, u.ID)
			if c, _, err := parsePHC(hash); err != nil || c != r.passwords.cost {
				t.Errorf("cost %+v, %v", c, err)
			}
		}
	})
}

func TestAPasswordDoesNotAge(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	email, _ := r.member(ctx, t)
	r.clock.Advance(5 * 365 * 24 * time.Hour)
	if _, err := r.LogIn(ctx, email, goodPassword); err != nil {
		t.Error(err)
	}
}

func TestSessionCap(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	email, u := r.member(ctx, t)
	var all []Session
	for range maxSessions + 2 {
		s, err := r.LogIn(ctx, email, goodPassword)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
		r.clock.Advance(time.Second)
	}
	for i, s := range all {
		_, err := r.Authenticate(ctx, s.AccessToken)
		if i < 2 {
			wantFault(t, err, ErrUnauthenticated)
		} else if err != nil {
			t.Errorf("session %d: %v", i, err)
		}
	}
	if n := scalar[int](ctx, t, r.db, `SELECT count(*) FROM sessions WHERE user_id = $1 AND revoked_reason = 'cap'`, u.ID); n != 2 || r.acts.count("session.end") != 2 {
		t.Errorf("%d sessions ended for the cap, want 2; %d were noted", n, r.acts.count("session.end"))
	}
}

func TestWhoOnlyKnowsHerPasswordDoesNotPushHerOut(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	email, u := r.member(ctx, t)
	var hers []Session
	for range maxSessions {
		s, ok, err := r.SignIn(ctx, u.ID, Proof{Way: ByPasskey, Full: true})
		if err != nil || !ok {
			t.Fatal(err)
		}
		hers = append(hers, s)
		r.clock.Advance(time.Second)
	}
	who, err := r.Authenticate(ctx, hers[1].AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.SetFactors(ctx, who, []string{ByTOTP}); err != nil {
		t.Fatal(err)
	}
	set(ctx, t, r.db, `UPDATE sessions SET proved_at = $2, proved_by_factor = true WHERE user_id = $1`, u.ID, r.clock.Now()) // and she proves it everywhere
	for range 5 {
		s, err := r.LogIn(ctx, email, goodPassword)
		if err != nil || !s.FactorOwed {
			t.Fatalf("%+v, %v", s, err)
		}
		if _, err := r.Authenticate(ctx, s.AccessToken); err != nil {
			t.Errorf("the newest session: %v", err)
		}
		r.clock.Advance(time.Second)
	}
	for i, s := range hers[1:] {
		if _, err := r.Authenticate(ctx, s.AccessToken); err != nil {
			t.Errorf("her session %d has ended", i+1)
		}
	}
}

func TestAuthenticate(t *testing.T) {
	t.Parallel()

	t.Run("tells who acts in one statement", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		s := r.signedIn(ctx, t)
		if err := r.Promote(ctx, s.User.Email, Moderator); err != nil {
			t.Fatal(err)
		}
		counted, n := pg.Count(ctx)
		got, err := r.Authenticate(counted, s.AccessToken)
		if err != nil {
			t.Fatal(err)
		}
		want := Actor{ID: s.User.ID, SessionID: s.ID, Verified: true, Roles: []Role{Moderator}, ExpiresAt: noon.Add(accessTTL)}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(Actor{})); diff != "" {
			t.Error(diff)
		}
		if n.N() != 1 {
			t.Errorf("%d statements, want 1", n.N())
		}
		if !got.Owes() {
			t.Error("a role that she was just given does not ask this session for a second factor")
		}
	})

	for name, spoil := range map[string]string{
		"of a session that was ended":          `UPDATE sessions SET revoked_at = now(), revoked_reason = 'admin' WHERE user_id = $1`,
		"of a session idle for too long":       `UPDATE sessions SET idle_expires_at = '2026-11-23T12:00:00Z' WHERE user_id = $1`,
		"of a session that is too old":         `UPDATE sessions SET expires_at = '2026-11-23T12:00:00Z' WHERE user_id = $1`,
		"of somebody suspended":                `UPDATE users SET state = 'suspended' WHERE id = $1`,
		"of somebody whose account is deleted": `UPDATE users SET state = 'deleted' WHERE id = $1`,
	} {
		t.Run("a good token "+name+" is worth nothing", func(t *testing.T) {
			t.Parallel()
			ctx, r := inTx(t)
			s := r.signedIn(ctx, t)
			set(ctx, t, r.db, spoil, s.User.ID)
			_, err := r.Authenticate(ctx, s.AccessToken)
			wantFault(t, err, ErrUnauthenticated)
		})
	}
}

func TestAccessTokenLimits(t *testing.T) {
	t.Parallel()

	t.Run("a token lives ten minutes and the leeway of clocks", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		s := r.signedIn(ctx, t)
		r.clock.Advance(accessTTL + leeway - time.Second)
		if _, err := r.Authenticate(ctx, s.AccessToken); err != nil {
			t.Error(err)
		}
		r.clock.Advance(time.Second)
		_, err := r.Authenticate(ctx, s.AccessToken)
		wantFault(t, err, ErrUnauthenticated)
	})

	t.Run("the session of one with the name of another is worth nothing", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		a, b := r.signedIn(ctx, t), r.signedIn(ctx, t)
		forged, err := r.tokens.sign(a.User.ID, b.ID, 1)
		if err != nil {
			t.Fatal(err)
		}
		_, err = r.Authenticate(ctx, forged)
		wantFault(t, err, ErrUnauthenticated)
	})
}

func TestLogOut(t *testing.T) {
	t.Parallel()
	for name, out := range map[string]func(context.Context, *rig, Session) error{
		"by the session":       func(ctx context.Context, r *rig, s Session) error { return r.LogOut(ctx, s.ID, "") },
		"by the refresh token": func(ctx context.Context, r *rig, s Session) error { return r.LogOut(ctx, uuid.Nil, s.RefreshToken) },
		"by both":              func(ctx context.Context, r *rig, s Session) error { return r.LogOut(ctx, s.ID, s.RefreshToken) },
	} {
		t.Run(name+" ends the session, and again is no error", func(t *testing.T) {
			t.Parallel()
			ctx, r := inTx(t)
			s := r.signedIn(ctx, t)
			for range 2 {
				if err := out(ctx, r, s); err != nil {
					t.Fatal(err)
				}
			}
			_, err := r.Authenticate(ctx, s.AccessToken)
			wantFault(t, err, ErrUnauthenticated)
			_, err = r.Refresh(ctx, s.RefreshToken)
			wantFault(t, err, ErrRefreshInvalid)
			if n, noted := r.revocations(ctx, t, s.User.ID), r.acts.count("session.end"); n != 1 || noted != 1 {
				t.Errorf("streams were told %d times and it was noted %d times, want 1", n, noted)
			}
		})
	}

	t.Run("nothing, nonsense and a forged token end nobody's session", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		s := r.signedIn(ctx, t)
		for _, token := range []string{"", "x", s.RefreshToken[:70] + "AAAAA"} {
			if err := r.LogOut(ctx, uuid.Nil, token); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := r.Authenticate(ctx, s.AccessToken); err != nil {
			t.Error(err)
		}
	})
}

// revocations counts how often the streams of somebody were told to look
// again, apart from roles that were granted.
func (r *rig) revocations(ctx context.Context, t *testing.T, user uuid.UUID) int {
	t.Helper()
	return scalar[int](ctx, t, r.db, `SELECT count(*) FROM outbox WHERE user_id = $1 AND type = $2`, user, outbox.AccessChanged)
}

func TestEndSessions(t *testing.T) {
	t.Parallel()
	r := on(t, pgtest.New(t))
	ctx := t.Context()
	email, u := r.member(ctx, t)
	bystander := r.signedIn(ctx, t)
	var mine []Session
	for range 3 {
		s, err := r.LogIn(ctx, email, goodPassword)
		if err != nil {
			t.Fatal(err)
		}
		mine = append(mine, s)
	}
	if err := r.EndSessions(ctx, u.ID, uuid.Nil, "a whim"); err == nil {
		t.Error("a reason nobody knows is taken")
	}
	if err := r.EndSessions(ctx, u.ID, uuid.Nil, EndedByAdmin); err != nil {
		t.Fatal(err)
	}
	for _, s := range mine {
		_, err := r.Authenticate(ctx, s.AccessToken)
		wantFault(t, err, ErrUnauthenticated)
		_, err = r.Refresh(ctx, s.RefreshToken)
		wantFault(t, err, ErrRefreshInvalid)
	}
	if _, err := r.Authenticate(ctx, bystander.AccessToken); err != nil {
		t.Errorf("a bystander: %v", err)
	}
	if n := r.revocations(ctx, t, u.ID); n != 1 {
		t.Errorf("streams were told %d times, want 1", n)
	}
}

func TestPrune(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	email := newEmail()
	r.signUp(ctx, t, email)
	s := r.signedIn(ctx, t)
	if err := r.LogOut(ctx, s.ID, ""); err != nil {
		t.Fatal(err)
	}
	count := func() [2]int {
		return [2]int{
			scalar[int](ctx, t, r.db, `SELECT count(*) FROM signups WHERE email = $1`, email),
			scalar[int](ctx, t, r.db, `SELECT count(*) FROM sessions WHERE id = $1`, s.ID),
		}
	}
	for _, step := range []struct {
		after time.Duration
		want  [2]int
	}{{0, [2]int{1, 1}}, {signupTTL + time.Second, [2]int{0, 1}}, {keepSessions, [2]int{0, 0}}} {
		r.clock.Advance(step.after)
		if err := r.prune(ctx, r.clock.Now()); err != nil {
			t.Fatal(err)
		}
		if got := count(); got != step.want {
			t.Errorf("after %v: %v attempts and sessions, want %v", step.after, got, step.want)
		}
	}
}
