package profile_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/audit"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/profile"
)

func TestBlock(t *testing.T) {
	t.Parallel()
	w := inTx(t)
	maria, nina, coach, admin := w.person("Maria", "full"), w.person("Nina", "full"), w.person("Coach", "", account.Coach), w.person("Admin", "", account.Admin)
	w.coach(coach, w.cohort(maria, nina))

	t.Run("the two are not there for each other, however each looks", func(t *testing.T) {
		ok(t, w.Block(w.ctx, maria, nina.ID))
		ok(t, w.Block(w.ctx, maria, nina.ID))
		for _, pair := range [][2]account.Actor{{maria, nina}, {nina, maria}} {
			_, err := w.Member(w.ctx, pair[0], pair[1].ID)
			is(t, err, fault.ErrNotFound)
			if got := w.names(pair[0], profile.Query{}); len(got) != 3 {
				t.Errorf("the directory shows %v", got)
			}
			if got := w.names(pair[0], profile.Query{Q: "nina"}); pair[0].ID == maria.ID && len(got) > 0 {
				t.Errorf("a search shows %v", got)
			}
		}
	})

	t.Run("who leads them sees both", func(t *testing.T) {
		ok(t, w.Block(w.ctx, maria, admin.ID))
		ok(t, w.Block(w.ctx, maria, coach.ID))
		for _, on := range []account.Actor{admin, coach} {
			if got := w.names(on, profile.Query{}); len(got) != 4 {
				t.Errorf("on duty, and sees only %v", got)
			}
			_, err := w.Member(w.ctx, maria, on.ID)
			is(t, err, fault.ErrNotFound)
			ok(t, w.Unblock(w.ctx, maria, on.ID))
		}
	})

	t.Run("the blocked one cannot tell, and cannot answer it", func(t *testing.T) {
		is(t, w.Block(w.ctx, nina, maria.ID), fault.ErrNotFound)
		is(t, w.Block(w.ctx, nina, uuid.New()), fault.ErrNotFound)
		is(t, w.Unblock(w.ctx, nina, maria.ID), fault.ErrNotFound)
		_, err := w.Member(w.ctx, nina, maria.ID)
		is(t, err, fault.ErrNotFound)
	})

	t.Run("only she finds it in the log, and it does not say whom", func(t *testing.T) {
		log := audit.New(w.db, clock.NewManual(noon))
		hers, _, err := log.Entries(w.ctx, audit.Filter{About: maria.ID, Action: "block.add"}, audit.Position{}, 10)
		ok(t, err)
		if len(hers) != 3 || hers[0].TargetID != maria.ID.String() || len(hers[0].Detail) > 0 {
			t.Errorf("%+v", hers)
		}
		others, _, err := log.Entries(w.ctx, audit.Filter{About: nina.ID}, audit.Position{}, 10)
		ok(t, err)
		if len(others) > 0 {
			t.Errorf("the other is told: %+v", others)
		}
	})

	t.Run("herself she cannot block, nor anybody while she has a role", func(t *testing.T) {
		is(t, w.Block(w.ctx, maria, maria.ID), profile.ErrBlockSelf)
		is(t, w.Block(w.ctx, coach, maria.ID), profile.ErrBlockStaff)
	})

	t.Run("a block of one who gets a role rests", func(t *testing.T) {
		w.exec(`INSERT INTO user_roles (user_id, role, granted_at) VALUES ($1, 'coach', $2)`, maria.ID, noon)
		_, err := w.Member(w.ctx, nina, maria.ID)
		ok(t, err)
		w.exec(`DELETE FROM user_roles WHERE user_id = $1`, maria.ID)
	})

	t.Run("taken back, they meet again", func(t *testing.T) {
		ok(t, w.Unblock(w.ctx, maria, nina.ID))
		is(t, w.Unblock(w.ctx, maria, nina.ID), fault.ErrNotFound)
		_, err := w.Member(w.ctx, nina, maria.ID)
		ok(t, err)
	})

	t.Run("a hundred is enough, and no less", func(t *testing.T) {
		for range 100 {
			ok(t, w.Block(w.ctx, maria, w.person("Somebody", "").ID))
		}
		is(t, w.Block(w.ctx, maria, nina.ID), profile.ErrBlocksFull)
		list, err := w.Blocks(w.ctx, maria)
		ok(t, err)
		ok(t, w.Block(w.ctx, maria, list[0].ID))
		if len(list) != 100 || list[0].DisplayName != "Somebody" {
			t.Errorf("%d blocks", len(list))
		}
	})
}

// Being in the team of a cohort without being a coach is a name on a list.
func TestWhoIsNoCoachAnyMoreLeadsNobody(t *testing.T) {
	t.Parallel()
	w := inTx(t)
	maria := w.person("Maria", "full")
	former := w.person("Former", "full")
	winter := w.cohort(maria)
	w.coach(former, winter)
	w.change(maria, profile.Edit{Headline: new("Logistics of six"), For: everywhere(profile.MyCohorts)})
	m, err := w.Member(w.ctx, former, maria.ID)
	if ok(t, err); m.Headline != "" {
		t.Error("she reads what is for the cohort")
	}
	if got := w.names(former, profile.Query{Cohort: winter}); len(got) > 0 {
		t.Errorf("she lists the cohort: %v", got)
	}
	if got := w.names(maria, profile.Query{Cohort: winter}); len(got) != 1 {
		t.Errorf("to the cohort she is one of it: %v", got)
	}
	ok(t, w.Block(w.ctx, maria, former.ID))
	_, err = w.Member(w.ctx, former, maria.ID)
	is(t, err, fault.ErrNotFound)
	t.Run("one with a role for the cohort is of it, in the list too, until the role ends", func(t *testing.T) {
		guest := w.person("Guest", "")
		w.exec(`INSERT INTO limited_roles (id, user_id, role, cohort_id, granted_at, ends_at) VALUES ($1, $2, 'coach', $3, $4, $5)`, pg.NewID(), guest.ID, winter, noon, noon.Add(time.Hour))
		if got := w.names(maria, profile.Query{Cohort: winter}); len(got) != 2 {
			t.Errorf("%v", got)
		}
		m, err := w.Member(w.ctx, guest, maria.ID)
		if ok(t, err); m.Headline == "" {
			t.Error("she does not see whom she coaches")
		}
		w.now.Advance(time.Hour)
		if got := w.names(maria, profile.Query{Cohort: winter}); len(got) != 1 {
			t.Errorf("the role is over: %v", got)
		}
	})
}
