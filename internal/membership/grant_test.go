package membership_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
)

func TestGrantAndRevoke(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	user := r.user(t)
	end := noon.AddDate(0, 1, 0)
	g, err := r.membership.Grant(r.ctx, membership.Grant{UserID: user, Kind: "scholarship", EndsAt: &end, Reason: "fund"})
	if err != nil {
		t.Fatal(err)
	}
	if a := r.access(t, user); a.Level != membership.Full || a.Reason != membership.ByGrant || !a.Until.Equal(end) {
		t.Errorf("got %+v", a)
	}
	for range 2 {
		if err := r.membership.RevokeGrant(r.ctx, g.ID); err != nil {
			t.Fatal(err)
		}
	}
	if a := r.access(t, user); a.Level != membership.NoAccess || r.events(t, user, "access.changed") != 1 {
		t.Errorf("after revoking twice: %+v", a)
	}
	if err := r.membership.RevokeGrant(r.ctx, uuid.New()); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("an unknown grant: %v", err)
	}
}

func TestBanAndLift(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	user := r.user(t)
	r.record(t, running(user))
	b, err := r.membership.Ban(r.ctx, membership.Ban{UserID: user, Reason: "harassment"})
	if err != nil {
		t.Fatal(err)
	}
	if a := r.access(t, user); a.Level != membership.NoAccess || a.Reason != membership.ByBan {
		t.Errorf("banned, and has %+v", a)
	}
	if r.mrr(t, user, membership.MRR) != "58800" {
		t.Error("a ban is not the end of a subscription")
	}
	if err := r.membership.Lift(r.ctx, b.ID); err != nil {
		t.Fatal(err)
	}
	if a := r.access(t, user); a.Level != membership.Full {
		t.Errorf("lifted, and has %+v", a)
	}
	if err := r.membership.Lift(r.ctx, uuid.New()); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("an unknown ban: %v", err)
	}
}

func TestABanClosesTheStreamsOfWhoPaysNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	coach := r.user(t)
	for range 2 {
		if _, err := r.membership.Ban(r.ctx, membership.Ban{UserID: coach, Reason: "harassment"}); err != nil {
			t.Fatal(err)
		}
	}
	if n := r.events(t, coach, "access.changed"); n != 1 {
		t.Errorf("her streams are told %d times, want once", n)
	}
}

func TestWhatTakesOverInTimeLeavesNoGap(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	user := r.user(t)
	s, end := running(user), noon.Add(time.Hour)
	s.CancelAt = &end
	r.record(t, s)
	if _, err := r.membership.Grant(r.ctx, membership.Grant{UserID: user, Kind: "comp", Reason: "she helps"}); err != nil {
		t.Fatal(err)
	}
	r.clock.Set(end.Add(-time.Minute))
	if err := r.membership.Expire(r.ctx); err != nil {
		t.Fatal(err)
	}
	if n := scalar[int](t, r, `SELECT count(*) FROM member_access WHERE user_id = $1 AND level = 'full' AND (until IS NULL OR until > $2)`, user, end); n != 1 {
		t.Error("the kept answer shuts her out until the next run")
	}
}

func TestNothingOpensOrClosesEarly(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ends, begins := r.user(t), r.user(t)
	soon := noon.Add(time.Minute)
	for _, g := range []membership.Grant{{UserID: ends, EndsAt: &soon}, {UserID: begins, StartsAt: soon}} {
		g.Kind = "gift"
		if _, err := r.membership.Grant(r.ctx, g); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.membership.Expire(r.ctx); err != nil {
		t.Fatal(err)
	}
	if a, b := r.access(t, ends), r.access(t, begins); a.Level != membership.Full || b.Level != membership.NoAccess {
		t.Errorf("a minute before: %+v, %+v", a, b)
	}
}

func TestAGrantBesideASubscriptionOutlivesIt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	user := r.user(t)
	s := running(user)
	r.record(t, s)
	if _, err := r.membership.Grant(r.ctx, membership.Grant{UserID: user, Kind: "comp", Level: membership.ReadOnly, StartsAt: noon.Add(-time.Hour)}); err != nil {
		t.Fatal(err)
	}
	if a := r.access(t, user); a.Reason != membership.BySubscription || a.Level != membership.Full {
		t.Errorf("beside each other: %+v", a)
	}
	s.Status, s.EndedAt = membership.Canceled, &noon
	r.record(t, s)
	if a := r.access(t, user); a.Reason != membership.ByGrant || a.Level != membership.ReadOnly {
		t.Errorf("after the end: %+v", a)
	}
}
