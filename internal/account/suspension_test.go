package account

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
)

func (r *rig) suspend(ctx context.Context, t *testing.T, id uuid.UUID, ends *time.Time) Suspension {
	t.Helper()
	s, err := r.Suspend(ctx, Actor{}, id, NewSuspension{Reason: "pressed others", Told: "Two members felt pressed.", EndsAt: ends})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestASuspendedAccountIsLikeNone(t *testing.T) {
	t.Parallel()
	r := committed(t)
	ctx := t.Context()
	s := r.signedIn(ctx, t)
	again, err := r.LogIn(ctx, s.User.Email, goodPassword)
	if err != nil {
		t.Fatal(err)
	}
	before := r.revoked(ctx, t, s.User.ID)
	r.suspend(ctx, t, s.User.ID, nil)

	t.Run("signing in is refused as for an unknown address", func(t *testing.T) {
		_, known := r.LogIn(ctx, s.User.Email, goodPassword)
		_, unknown := r.LogIn(ctx, newEmail(), goodPassword)
		if known == nil || known.Error() != unknown.Error() || fault.From(known) != fault.From(unknown) {
			t.Errorf("%v, and unknown: %v", known, unknown)
		}
		for _, way := range []string{ByPasskey, ByCode, ByOIDC, ByInvitation} {
			if _, ok, err := r.SignIn(ctx, s.User.ID, Proof{Way: way, Full: true}); ok || err != nil {
				t.Errorf("by %s she gets in (%v)", way, err)
			}
		}
	})
	t.Run("no session goes on, and none can be refreshed", func(t *testing.T) {
		for _, open := range []Session{s, again} {
			_, err := r.Authenticate(ctx, open.AccessToken)
			wantFault(t, err, ErrUnauthenticated)
			_, err = r.Refresh(ctx, open.RefreshToken)
			wantFault(t, err, ErrRefreshInvalid)
		}
		if n := scalar[int](ctx, t, r.db, `SELECT count(*) FROM sessions WHERE user_id = $1 AND revoked_reason = 'suspended'`, s.User.ID); n != 2 {
			t.Errorf("%d sessions ended for it, want 2", n)
		}
	})
	t.Run("her streams are told", func(t *testing.T) {
		if r.revoked(ctx, t, s.User.ID) <= before {
			t.Error("they are not")
		}
	})
	t.Run("letters that wait are withheld when their time comes", func(t *testing.T) {
		withheld, err := r.Withheld(ctx, s.User.Email)
		if err != nil || !withheld {
			t.Errorf("%v, %v", withheld, err)
		}
		_, other := r.member(ctx, t)
		for _, address := range []string{other.Email, newEmail(), "no address"} {
			if withheld, err := r.Withheld(ctx, address); err != nil || withheld {
				t.Errorf("%s: %v, %v", address, withheld, err)
			}
		}
	})
	t.Run("after it she signs in anew; what was signed in stays out", func(t *testing.T) {
		if _, restored, err := r.Restore(ctx, Actor{}, s.User.ID); err != nil || !restored {
			t.Fatalf("%v, %v", restored, err)
		}
		if _, err := r.LogIn(ctx, s.User.Email, goodPassword); err != nil {
			t.Error(err)
		}
		_, err := r.Authenticate(ctx, s.AccessToken)
		wantFault(t, err, ErrUnauthenticated)
		if _, restored, err := r.Restore(ctx, Actor{}, s.User.ID); err != nil || restored {
			t.Errorf("twice: %v, %v", restored, err)
		}
	})
}

func TestASuspensionEndsByItself(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	_, u := r.member(ctx, t)
	_, other := r.member(ctx, t)
	end := noon.Add(time.Hour)
	r.suspend(ctx, t, u.ID, &end)
	r.suspend(ctx, t, other.ID, nil)
	state := func(want string) {
		t.Helper()
		if err := r.restoreDue(ctx); err != nil {
			t.Fatal(err)
		}
		s, err := r.StandingOf(ctx, u.ID)
		if err != nil || s.State != want || (s.Suspension != nil) != (want == "suspended") {
			t.Errorf("%+v, %v, want %s", s, err, want)
		}
	}
	r.clock.Set(end.Add(-time.Second))
	state("suspended")
	r.clock.Set(end)
	state("active")
	if s, err := r.StandingOf(ctx, other.ID); err != nil || s.State != "suspended" {
		t.Errorf("one without an end: %+v, %v", s, err)
	}
}

func TestSuspendingAgainTakesThePlace(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	_, u := r.member(ctx, t)
	end := noon.Add(time.Hour)
	r.suspend(ctx, t, u.ID, &end)
	second := r.suspend(ctx, t, u.ID, nil)
	s, err := r.StandingOf(ctx, u.ID)
	if err != nil || s.Suspension == nil || s.Suspension.ID != second.ID || s.Suspension.EndsAt != nil {
		t.Errorf("%+v, %v", s, err)
	}
	r.clock.Set(end)
	if err := r.restoreDue(ctx); err != nil {
		t.Fatal(err)
	}
	if s, _ := r.StandingOf(ctx, u.ID); s.State != "suspended" {
		t.Error("the end of the first ends the second")
	}
}

func TestWhoCannotBeSuspended(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	_, ada := r.member(ctx, t)
	r.give(ctx, t, ada.ID, NewGrant{Role: Admin})
	_, err := r.Suspend(ctx, Actor{}, ada.ID, NewSuspension{Reason: "x"})
	wantFault(t, err, ErrLastAdmin)
	_, err = r.Suspend(ctx, Actor{}, uuid.New(), NewSuspension{Reason: "x"})
	wantFault(t, err, fault.ErrNotFound)
	past := noon
	_, err = r.Suspend(ctx, Actor{}, ada.ID, NewSuspension{Reason: "x", EndsAt: &past})
	wantFault(t, err, errPast, "/ends_at")
	set(ctx, t, r.db, `UPDATE users SET state = 'deleted' WHERE id = $1`, ada.ID)
	_, _, err = r.Restore(ctx, Actor{}, ada.ID)
	wantFault(t, err, fault.ErrNotFound)
}
