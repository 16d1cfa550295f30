package membership_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/membership"
)

func (r rig) give(t testing.TB, g membership.Grant) membership.Grant {
	t.Helper()
	g, err := r.membership.Grant(r.ctx, g)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func (r rig) running(t testing.TB, user uuid.UUID) (kinds []string) {
	t.Helper()
	own, err := r.membership.Of(r.ctx, user)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range own.Grants {
		kinds = append(kinds, g.Kind)
	}
	return kinds
}

func TestWhatGivesWayEndsWhenSheBeginsToPay(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	user := r.user(t)
	var told []string
	for _, kind := range []string{membership.Comp, membership.Gift, membership.Scholarship, membership.Sponsor} {
		r.membership.OnGrantEnd(kind, func(_ context.Context, g membership.Grant) error {
			told = append(told, g.Kind+" "+g.RevokedBecause)
			return nil
		})
		r.give(t, membership.Grant{UserID: user, Kind: kind, Reason: "before"})
	}
	later := r.give(t, membership.Grant{UserID: user, Kind: membership.Comp, StartsAt: noon.AddDate(0, 6, 0)})
	if _, fresh, err := r.membership.Graduate(r.ctx, user, nil, "a job"); err != nil || !fresh {
		t.Fatal(err)
	}
	s := running(user)
	s.Status = membership.Trialing
	r.record(t, s)
	if kinds := r.running(t, user); len(kinds) != 6 || len(told) != 0 {
		t.Fatalf("a trial is not paid: %v, %v", kinds, told)
	}
	s.Status = membership.Active
	r.record(t, s)
	if kinds := r.running(t, user); len(kinds) != 2 || kinds[0] != membership.Gift || kinds[1] != membership.Alumni {
		t.Errorf("left is %v", kinds)
	}
	if len(told) != 4 {
		t.Errorf("told is %v", told)
	}
	if g, _, err := r.membership.GrantByID(r.ctx, later.ID); err != nil || g.RevokedBecause != membership.ToPaying || !g.RevokedAt.Equal(noon) {
		t.Errorf("%+v, %v", g, err)
	}

	r.give(t, membership.Grant{UserID: user, Kind: membership.Comp, Reason: "thanks to who pays"})
	s.AmountMinor, s.AnnualMinor = 5900, "70800"
	r.record(t, s)
	if kinds := r.running(t, user); len(kinds) != 3 {
		t.Errorf("what she is given while she pays stays: %v", kinds)
	}
}

func TestWhoKeepsSomethingForAGrantIsToldOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	user, told, stuck := r.user(t), 0, errors.New("the fund is stuck")
	refuse := stuck
	r.membership.OnGrantEnd(membership.Scholarship, func(context.Context, membership.Grant) error {
		if refuse == nil {
			told++
		}
		return refuse
	})
	g := r.give(t, membership.Grant{UserID: user, Kind: membership.Scholarship})
	if err := r.db.InTx(r.ctx, func(ctx context.Context) error { return r.membership.RevokeGrant(ctx, g.ID) }); !errors.Is(err, stuck) {
		t.Fatalf("%v", err)
	}
	if a := r.access(t, user); a.Level != membership.Full {
		t.Errorf("it did not happen: %+v", a)
	}
	refuse = nil
	for range 2 {
		if err := r.membership.RevokeGrant(r.ctx, g.ID); err != nil {
			t.Fatal(err)
		}
	}
	end := noon.AddDate(0, 0, 1)
	short := r.give(t, membership.Grant{UserID: user, Kind: membership.Scholarship, EndsAt: &end})
	r.clock.Set(end)
	if err := r.membership.RevokeGrant(r.ctx, short.ID); err != nil || told != 1 {
		t.Errorf("one that is over by itself has nothing left: told %d times, %v", told, err)
	}
}

func TestAGraduateLeavesHappily(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ cause, want string }{
		"who asked for the end":       {"cancellation_requested", membership.Graduated},
		"who was not asked why":       {"", membership.Graduated},
		"whose card failed":           {"payment_failed", "payment_failed"},
		"who took her money back":     {"payment_disputed", "payment_disputed"},
		"but not who never graduated": {"cancellation_requested", "cancellation_requested"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			user := r.user(t)
			s := running(user)
			r.record(t, s)
			if name != "but not who never graduated" {
				for n := range 2 {
					if g, fresh, err := r.membership.Graduate(r.ctx, user, nil, "a job"); err != nil || fresh != (n == 0) || g.Level != membership.ReadOnly {
						t.Fatalf("%+v, %v", g, err)
					}
				}
			}
			s.Status, s.EndedAt, s.CancellationReason = membership.Canceled, &noon, c.cause
			r.record(t, s)
			if got := scalar[string](t, r, `SELECT reason FROM membership_ledger WHERE user_id = $1 ORDER BY id DESC LIMIT 1`, user); got != c.want {
				t.Errorf("the ledger says %s", got)
			}
			if a := r.access(t, user); name == "who asked for the end" && (a.Level != membership.ReadOnly || a.Until != nil) {
				t.Errorf("she may read: %+v", a)
			}
		})
	}
}

func TestGrantsThatEndAreClaimedOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	user, week := r.user(t), 7*24*time.Hour
	month, days := noon.AddDate(0, 1, 0), noon.AddDate(0, 0, 5)
	long := r.give(t, membership.Grant{UserID: user, Kind: membership.Comp, EndsAt: &month})
	r.give(t, membership.Grant{UserID: user, Kind: membership.Comp, EndsAt: &days})
	claim := func(want int) {
		t.Helper()
		if found, err := r.membership.ClaimEnding(r.ctx, week, 10); err != nil || len(found) != want {
			t.Errorf("%d grants, %v, want %d", len(found), err, want)
		}
	}
	claim(0) // who is given five days knows
	r.clock.Set(month.AddDate(0, 0, -6))
	claim(1)
	claim(0)
	later := month.AddDate(0, 1, 0)
	if err := r.membership.SetGrantEnd(r.ctx, long.ID, &later); err != nil {
		t.Fatal(err)
	}
	claim(0)
	r.clock.Set(later.AddDate(0, 0, -6))
	claim(1)
	if a := r.access(t, user); a.Level != membership.Full || !a.Until.Equal(later) || a.Notice != membership.EndsSoon {
		t.Errorf("%+v", a)
	}
}
