package account

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

func TestJudge(t *testing.T) {
	t.Parallel()
	base := sessionRow{Generation: 5, SeenGeneration: 5, RotatedAt: noon, IdleExpiresAt: noon.Add(idleTTL), ExpiresAt: noon.Add(absoluteTTL), Live: true}
	lost := func(s *sessionRow) { s.SeenGeneration = 4 }
	for name, c := range map[string]struct {
		generation int64
		after      time.Duration
		change     func(*sessionRow)
		want       verdict
	}{
		"the current one":                                    {5, time.Hour, nil, verdictRotate},
		"the one before, at once":                            {4, 0, nil, verdictAgain},
		"the one before, after 5 s":                          {4, 5 * time.Second, nil, verdictAgain},
		"the one before, after 30 s":                         {4, 30 * time.Second, nil, verdictAgain},
		"the one before, after 30.000001 s":                  {4, 30*time.Second + time.Microsecond, nil, verdictReused},
		"the one before, by a slow clock":                    {4, -2 * time.Second, nil, verdictAgain},
		"two before, at once":                                {3, 0, nil, verdictReused},
		"the one before an answer that was lost, after 31 s": {4, 31 * time.Second, lost, verdictAgain},
		"the one before an answer that was lost, after 24 h": {4, 24 * time.Hour, lost, verdictAgain},
		"the one before an answer that was lost, after 25 h": {4, 25 * time.Hour, lost, verdictReused},
		"two before an answer that was lost":                 {3, 0, lost, verdictReused},
		"the first":                                          {1, time.Hour, nil, verdictReused},
		"one of a future that never was":                     {6, 0, nil, verdictReused},
		"the current one of an ended session":                {5, 0, func(s *sessionRow) { s.Live = false }, verdictOver},
		"an old one of an ended session":                     {1, 0, func(s *sessionRow) { s.Live = false }, verdictOver},
		"the current one, idle too long":                     {5, idleTTL, nil, verdictOver},
		"the current one, just in time":                      {5, idleTTL - time.Microsecond, nil, verdictRotate},
		"the current one, too old":                           {5, absoluteTTL, func(s *sessionRow) { s.IdleExpiresAt = noon.Add(2 * absoluteTTL) }, verdictOver},
		"one of no session":                                  {5, 0, func(s *sessionRow) { *s = sessionRow{} }, verdictOver},
	} {
		s := base
		if c.change != nil {
			c.change(&s)
		}
		if got := judge(s, c.generation, noon.Add(c.after)); got != c.want {
			t.Errorf("%s: verdict %d, want %d", name, got, c.want)
		}
	}
}

func TestRefresh(t *testing.T) {
	t.Parallel()

	t.Run("each token is exchanged for the next, for one session", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		s := r.signedIn(ctx, t)
		seen := map[string]bool{s.RefreshToken: true}
		for range 5 {
			r.clock.Advance(time.Hour)
			next, err := r.Refresh(ctx, s.RefreshToken)
			if err != nil {
				t.Fatal(err)
			}
			if seen[next.RefreshToken] || next.ID != s.ID || next.User.ID != s.User.ID || next.User.Email != s.User.Email {
				t.Fatalf("exchanged for %+v", next)
			}
			if _, err := r.Authenticate(ctx, next.AccessToken); err != nil {
				t.Fatal(err)
			}
			seen[next.RefreshToken] = true
			s = next
		}
	})
}

// The one before, by what became of its successor (FAPI 2.0: an answer that
// was lost must not sign anyone out; a thief must not go unnoticed).
func TestTheOneBefore(t *testing.T) {
	t.Parallel()
	nothing := func(context.Context, *testing.T, *rig, Session) {}
	refreshed := func(ctx context.Context, t *testing.T, r *rig, s Session) {
		t.Helper()
		r.again(ctx, t, s.RefreshToken)
	}
	used := func(ctx context.Context, t *testing.T, r *rig, s Session) {
		t.Helper()
		if _, err := r.Authenticate(ctx, s.AccessToken); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name  string
		after time.Duration
		seen  func(context.Context, *testing.T, *rig, Session)
		same  bool
	}{
		{"never seen", time.Second, nothing, true},
		{"never seen", 31 * time.Second, nothing, true},
		{"never seen", time.Hour, nothing, true},
		{"never seen", 24 * time.Hour, nothing, true},
		{"never seen", 25 * time.Hour, nothing, false},
		{"its access token used", 5 * time.Second, used, true},
		{"its access token used", 29 * time.Second, used, true},
		{"its access token used", 31 * time.Second, used, false},
		{"exchanged itself", time.Second, refreshed, false}, // that makes it two steps back
	} {
		t.Run("the successor "+c.name+", after "+c.after.String(), func(t *testing.T) {
			t.Parallel()
			ctx, r := inTx(t)
			s := r.signedIn(ctx, t)
			next := r.again(ctx, t, s.RefreshToken)
			c.seen(ctx, t, r, next)
			r.clock.Advance(c.after)
			got, err := r.Refresh(ctx, s.RefreshToken)
			if c.same {
				if err != nil || got.RefreshToken != next.RefreshToken {
					t.Errorf("not the same successor: %v", err)
				}
				return
			}
			wantFault(t, err, ErrRefreshReused)
			_, err = r.Refresh(ctx, next.RefreshToken)
			wantFault(t, err, ErrRefreshInvalid)
		})
	}

	t.Run("a thief and the owner in lock-step are found out at the first old token", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		s := r.signedIn(ctx, t)
		stolen := s.RefreshToken
		used(ctx, t, r, r.again(ctx, t, s.RefreshToken))
		r.clock.Advance(grace)
		r.again(ctx, t, stolen) // within the grace nobody can tell her from a second tab
		r.clock.Advance(time.Second)
		_, err := r.Refresh(ctx, stolen)
		wantFault(t, err, ErrRefreshReused)
	})

	t.Run("a process that dies between exchange and answer signs nobody out", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		s := r.signedIn(ctx, t)
		for range 20 {
			r.again(ctx, t, s.RefreshToken) // the answer is lost
			r.clock.Advance(time.Hour)
			s = r.again(ctx, t, s.RefreshToken)
			used(ctx, t, r, s)
			r.clock.Advance(time.Hour)
		}
	})
}

// again exchanges a refresh token, which must work.
func (r *rig) again(ctx context.Context, t *testing.T, token string) Session {
	t.Helper()
	s, err := r.Refresh(ctx, token)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestOldRefreshTokens(t *testing.T) {
	t.Parallel()

	t.Run("two steps back ends the session, even at once", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		s := r.signedIn(ctx, t)
		next, _ := r.Refresh(ctx, s.RefreshToken)
		last, err := r.Refresh(ctx, next.RefreshToken)
		if err != nil {
			t.Fatal(err)
		}
		_, err = r.Refresh(ctx, s.RefreshToken)
		wantFault(t, err, ErrRefreshReused)
		for _, token := range []string{s.RefreshToken, next.RefreshToken, last.RefreshToken} {
			_, err = r.Refresh(ctx, token)
			wantFault(t, err, ErrRefreshInvalid)
		}
	})

	t.Run("it takes two statements", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		s := r.signedIn(ctx, t)
		counted, n := pg.Count(ctx)
		if _, err := r.Refresh(counted, s.RefreshToken); err != nil || n.N() != 2 {
			t.Errorf("%d statements, %v", n.N(), err)
		}
	})
}

func TestRefreshExpiry(t *testing.T) {
	t.Parallel()

	t.Run("a session idle for thirty days is over", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		s := r.signedIn(ctx, t)
		r.clock.Advance(idleTTL - time.Second)
		s, err := r.Refresh(ctx, s.RefreshToken)
		if err != nil {
			t.Fatal(err)
		}
		r.clock.Advance(idleTTL)
		_, err = r.Refresh(ctx, s.RefreshToken)
		wantFault(t, err, ErrRefreshInvalid)
	})

	t.Run("a session is over after ninety days however busy", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		s := r.signedIn(ctx, t)
		var err error
		for range 8 {
			r.clock.Advance(11 * 24 * time.Hour)
			if s, err = r.Refresh(ctx, s.RefreshToken); err != nil {
				t.Fatal(err)
			}
		}
		if want := noon.Add(absoluteTTL); !s.RefreshExpiresAt.Equal(want) || s.RefreshExpiresIn != 2*24*time.Hour {
			t.Errorf("lives until %v, want %v", s.RefreshExpiresAt, want)
		}
		r.clock.Advance(2 * 24 * time.Hour)
		_, err = r.Refresh(ctx, s.RefreshToken)
		wantFault(t, err, ErrRefreshInvalid)
	})
}

func TestForgedRefreshTokens(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	s, other := r.signedIn(ctx, t), r.signedIn(ctx, t)
	good := s.RefreshToken
	foreign := *r.Account
	foreign.secret = []byte(strings.Repeat("t", 32))
	last := map[bool]string{true: "B", false: "A"}[strings.HasSuffix(good, "A")]
	for name, token := range map[string]string{
		"nothing": "", "a prefix": "rt1.", "another version": "rt2" + good[3:], "no prefix": good[4:],
		"cut short": good[:len(good)-1], "too long": good + "A", "padded": good + "=",
		"another last letter": good[:len(good)-1] + last, "other letters": strings.ToLower(good),
		"a line break within":    good[:20] + "\n" + good[21:],
		"the session of another": good[:4] + other.RefreshToken[4:26] + good[26:],
		"a key of another":       foreign.refreshToken(s.ID, 1), "no session": r.refreshToken(uuid.New(), 1),
		"a sign-up token": r.once.Token(forLink, s.ID), "an access token": s.AccessToken, "spaces": " " + good,
	} {
		_, err := r.Refresh(ctx, token)
		if err == nil {
			t.Errorf("%s is taken", name)
			continue
		}
		wantFault(t, err, ErrRefreshInvalid)
	}
	if _, err := r.Refresh(ctx, good); err != nil {
		t.Errorf("a forged token touched the session: %v", err)
	}
}

// rounds is how often a race is run.
const rounds = 200

func TestManyTabs(t *testing.T) {
	t.Parallel()
	r := on(t, pgtest.New(t))
	ctx := t.Context()
	s := r.signedIn(ctx, t)
	for range rounds {
		type result struct {
			s   Session
			err error
		}
		results := make(chan result, 20)
		for range cap(results) {
			go func() {
				got, err := r.Refresh(ctx, s.RefreshToken)
				results <- result{got, err}
			}()
		}
		successors := map[string]Session{}
		for range cap(results) {
			got := <-results
			if got.err != nil {
				t.Fatal(got.err)
			}
			successors[got.s.RefreshToken] = got.s
		}
		if len(successors) != 1 {
			t.Fatalf("%d successors, want 1", len(successors))
		}
		for _, next := range successors {
			s = next
		}
	}
}

func TestReuseIsCommittedAndTold(t *testing.T) {
	t.Parallel()
	r := committed(t)
	ctx := t.Context()
	s := r.signedIn(ctx, t)
	if _, err := r.Authenticate(ctx, r.again(ctx, t, s.RefreshToken).AccessToken); err != nil {
		t.Fatal(err)
	}
	r.clock.Advance(time.Minute)
	results := make(chan error, 8)
	for range cap(results) {
		go func() {
			_, err := r.Refresh(ctx, s.RefreshToken)
			results <- err
		}()
	}
	reused := 0
	for range cap(results) {
		if err := <-results; errors.Is(err, ErrRefreshReused) {
			reused++
		} else {
			wantFault(t, err, ErrRefreshInvalid)
		}
	}
	if reused == 0 {
		t.Error("nobody was told of the reuse")
	}
	reason := scalar[string](ctx, t, r.db, `SELECT revoked_reason FROM sessions WHERE id = $1`, s.ID)
	if reason != EndedByReuse {
		t.Errorf("the session ended for %q", reason)
	}
	if r.acts.count("session.reuse") != 1 || r.revocations(ctx, t, s.User.ID) != 1 {
		t.Error("not audited once, or streams not told once")
	}
	_, err := r.Authenticate(ctx, s.AccessToken)
	wantFault(t, err, ErrUnauthenticated)
	r.idle(t)
	if letters := r.sink.Messages(s.User.Email); len(letters) != 1 || !strings.Contains(letters[0].Text, "old key") {
		t.Errorf("%d warnings, want 1", len(letters))
	}
}

func TestRefusesATransaction(t *testing.T) {
	t.Parallel()
	r := on(t, pgtest.New(t))
	err := r.db.InTx(t.Context(), func(ctx context.Context) error {
		if _, err := r.Refresh(ctx, "rt1.x"); !errors.Is(err, pg.ErrInTx) {
			t.Errorf("refresh: %v", err)
		}
		if _, err := r.Verify(ctx, Verification{Token: "x", Password: "x"}); !errors.Is(err, pg.ErrInTx) {
			t.Errorf("verify: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestASessionGoesOnUnderAnotherSecret(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	s := r.signedIn(ctx, t)
	under := func(secret, previous string) *rig {
		other, account := *r, *r.Account
		account.secret, account.previous = []byte(strings.Repeat(secret, 32)), []byte(strings.Repeat(previous, 32))
		if previous == "" {
			account.previous = nil
		}
		other.Account = &account
		return &other
	}
	old := string(r.secret[:1])
	alone, changed := under("t", ""), under("t", old)
	device := r.deviceToken(s.ID, s.User.Email)
	_, err := alone.Refresh(ctx, s.RefreshToken)
	wantFault(t, err, ErrRefreshInvalid)
	if _, known := alone.KnownDevice(s.User.Email, device); known {
		t.Error("another secret alone knows her device")
	}
	if _, known := changed.KnownDevice(s.User.Email, device); !known {
		t.Error("her device is not known any more")
	}
	s = changed.again(ctx, t, s.RefreshToken)
	alone.again(ctx, t, s.RefreshToken) // the successor is of the new secret
	if _, err := under("u", "v").Refresh(ctx, s.RefreshToken); err == nil {
		t.Error("a secret of neither is taken")
	}
}
