package account

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

// place adds a cohort with a space.
func place(ctx context.Context, t *testing.T, r *rig) (cohort, space uuid.UUID) {
	t.Helper()
	programme, version := pg.NewID(), pg.NewID()
	cohort, space = pg.NewID(), pg.NewID()
	set(ctx, t, r.db, `INSERT INTO programmes (id, slug, title) VALUES ($1, gen_random_uuid()::text, 'Return to tech')`, programme)
	set(ctx, t, r.db, `INSERT INTO programme_versions (id, programme_id, number, state) VALUES ($1, $2, 1, 'published')`, version, programme)
	set(ctx, t, r.db, `INSERT INTO cohorts (id, programme_id, version_id, name, state, time_zone, starts_on, ends_on, capacity, created_at)
		VALUES ($1, $2, $3, 'Winter', 'running', 'UTC', '2026-11-01', '2027-02-01', 40, $4)`, cohort, programme, version, noon)
	set(ctx, t, r.db, `INSERT INTO spaces (id, kind, cohort_id, slug, title, topics_count, created_at) VALUES ($1, 'cohort', $2, gen_random_uuid()::text, 'Winter', 0, $3)`, space, cohort, noon)
	return cohort, space
}

func (r *rig) give(ctx context.Context, t *testing.T, to uuid.UUID, n NewGrant) Grant {
	t.Helper()
	g, _, err := r.GrantRole(ctx, Actor{}, to, n)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestWhichRolesCanBeGiven(t *testing.T) {
	t.Parallel()
	id, none, past, future := uuid.New(), uuid.Nil, noon, noon.Add(time.Second)
	for name, c := range map[string]struct {
		grant   NewGrant
		pointer string // "" when it can
	}{
		"a coach everywhere":                    {NewGrant{Role: Coach}, ""},
		"a coach of a cohort for a time":        {NewGrant{Role: Coach, CohortID: &id, EndsAt: &future}, ""},
		"a moderator of a space":                {NewGrant{Role: Moderator, SpaceID: &id}, ""},
		"an admin for a time":                   {NewGrant{Role: Admin, EndsAt: &future}, ""},
		"an admin of a cohort":                  {NewGrant{Role: Admin, CohortID: &id}, "/role"},
		"an admin of a space":                   {NewGrant{Role: Admin, SpaceID: &id}, "/role"},
		"a role that is none":                   {NewGrant{Role: "owner"}, "/role"},
		"no role":                               {NewGrant{}, "/role"},
		"a coach of a cohort and a space":       {NewGrant{Role: Coach, CohortID: &id, SpaceID: &id}, "/space_id"},
		"a coach of the cohort that is no id":   {NewGrant{Role: Coach, CohortID: &none}, "/cohort_id"},
		"a moderator of the space that is none": {NewGrant{Role: Moderator, SpaceID: &none}, "/space_id"},
		"a coach until now":                     {NewGrant{Role: Coach, EndsAt: &past}, "/ends_at"},
	} {
		err := grantable(c.grant, noon)
		if c.pointer == "" && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if f := fault.From(err); c.pointer != "" && (f == nil || f.Fields[0].Pointer != c.pointer) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRoles(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	cohort, space := place(ctx, t, r)
	s := r.signedIn(ctx, t)
	her := s.User.ID
	june := noon.AddDate(0, 7, 0)
	actor := func() Actor {
		t.Helper()
		a, err := r.Authenticate(ctx, s.AccessToken)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}

	t.Run("a role for one place is not a role everywhere", func(t *testing.T) {
		r.give(ctx, t, her, NewGrant{Role: Moderator, SpaceID: &space})
		r.give(ctx, t, her, NewGrant{Role: Coach, CohortID: &cohort, EndsAt: &june})
		a := actor()
		want := []Scoped{{Coach, Scope{CohortID: cohort}}, {Moderator, Scope{SpaceID: space}}}
		if diff := cmp.Diff(want, a.Scoped); diff != "" || len(a.Roles) != 0 || a.Has(Coach) || a.Has(Moderator) || !a.Staff() {
			t.Errorf("%+v\n%s", a, diff)
		}
	})

	t.Run("fifty roles are enough, and what she holds may still change", func(t *testing.T) {
		her := r.signedIn(ctx, t).User.ID
		for range mostRoles - 1 {
			_, place := place(ctx, t, r)
			r.give(ctx, t, her, NewGrant{Role: Moderator, SpaceID: &place})
		}
		r.give(ctx, t, her, NewGrant{Role: Coach, CohortID: &cohort})
		_, _, err := r.GrantRole(ctx, Actor{}, her, NewGrant{Role: Admin})
		wantFault(t, err, ErrRolesFull)
		r.give(ctx, t, her, NewGrant{Role: Coach, CohortID: &cohort, EndsAt: &june})
	})

	t.Run("the same role in the same place is one grant", func(t *testing.T) {
		g, fresh, err := r.GrantRole(ctx, Actor{}, her, NewGrant{Role: Coach, CohortID: &cohort, EndsAt: &june})
		if err != nil || fresh || !g.EndsAt.Equal(june) {
			t.Errorf("%+v, fresh %v, %v", g, fresh, err)
		}
		if g = r.give(ctx, t, her, NewGrant{Role: Coach, CohortID: &cohort}); g.EndsAt != nil {
			t.Errorf("%+v", g)
		}
		r.give(ctx, t, her, NewGrant{Role: Admin, EndsAt: &june})
		r.give(ctx, t, her, NewGrant{Role: Admin}) // from then on without an end
		all, err := r.RolesOf(ctx, her)
		if err != nil || len(all) != 3 {
			t.Errorf("%+v, %v", all, err)
		}
	})

	t.Run("a place that is not there is none", func(t *testing.T) {
		elsewhere := uuid.New()
		_, _, err := r.GrantRole(ctx, Actor{}, her, NewGrant{Role: Coach, CohortID: &elsewhere})
		wantFault(t, err, errNoCohort, "/cohort_id")
		_, _, err = r.GrantRole(ctx, Actor{}, her, NewGrant{Role: Coach, SpaceID: &elsewhere})
		wantFault(t, err, errNoSpace, "/space_id")
	})

	t.Run("an end comes by the clock, without a job", func(t *testing.T) {
		soon := r.clock.Now().Add(time.Minute)
		g := r.give(ctx, t, her, NewGrant{Role: Moderator, EndsAt: &soon})
		if !actor().Has(Moderator) {
			t.Error("she is none while it lasts")
		}
		r.clock.Advance(time.Minute)
		if actor().Has(Moderator) {
			t.Error("she still is one at its end")
		}
		all, err := r.RolesOf(ctx, her)
		if err != nil || slices.ContainsFunc(all, func(o Grant) bool { return o.ID == g.ID }) {
			t.Errorf("%+v, %v", all, err)
		}
		wantFault(t, r.TakeRole(ctx, Actor{}, her, g.ID), fault.ErrNotFound)
		if err := r.prune(ctx, soon.Add(keepSessions+time.Second)); err != nil {
			t.Fatal(err)
		}
		if n := scalar[int](ctx, t, r.db, `SELECT count(*) FROM limited_roles WHERE id = $1`, g.ID); n != 0 {
			t.Error("it is kept for good")
		}
	})

	t.Run("one that is taken is gone at the next request, and her streams are told", func(t *testing.T) {
		before := r.revoked(ctx, t, her)
		g := r.give(ctx, t, her, NewGrant{Role: Moderator})
		if err := r.TakeRole(ctx, Actor{}, her, g.ID); err != nil {
			t.Fatal(err)
		}
		if actor().Has(Moderator) || r.revoked(ctx, t, her) != before+2 || r.acts.count("role.take") != 1 {
			t.Errorf("%+v, %d events", actor(), r.revoked(ctx, t, her)-before)
		}
		wantFault(t, r.TakeRole(ctx, Actor{}, her, g.ID), fault.ErrNotFound)
	})

	t.Run("a role of somebody else is none of hers", func(t *testing.T) {
		_, other := r.member(ctx, t)
		g := r.give(ctx, t, other.ID, NewGrant{Role: Coach})
		wantFault(t, r.TakeRole(ctx, Actor{}, her, g.ID), fault.ErrNotFound)
		_, err := r.RolesOf(ctx, uuid.New())
		wantFault(t, err, fault.ErrNotFound)
		_, _, err = r.GrantRole(ctx, Actor{}, uuid.New(), NewGrant{Role: Coach})
		wantFault(t, err, fault.ErrNotFound)
	})
}

// revoked counts how often the streams of somebody were told to look again.
func (r *rig) revoked(ctx context.Context, t *testing.T, id uuid.UUID) int {
	t.Helper()
	return scalar[int](ctx, t, r.db, `SELECT count(*) FROM outbox WHERE user_id = $1 AND type = 'access.changed'`, id)
}

func TestThereIsAlwaysAnAdmin(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	_, ada := r.member(ctx, t)
	_, eve := r.member(ctx, t)
	g := r.give(ctx, t, ada.ID, NewGrant{Role: Admin})
	june := noon.AddDate(0, 7, 0)

	t.Run("the last one stays", func(t *testing.T) {
		wantFault(t, r.TakeRole(ctx, Actor{}, ada.ID, g.ID), ErrLastAdmin)
	})
	t.Run("her role gets no end", func(t *testing.T) {
		_, _, err := r.GrantRole(ctx, Actor{}, ada.ID, NewGrant{Role: Admin, EndsAt: &june})
		wantFault(t, err, ErrLastAdmin)
	})
	t.Run("one for a time does not stand in for her", func(t *testing.T) {
		r.give(ctx, t, eve.ID, NewGrant{Role: Admin, EndsAt: &june})
		wantFault(t, r.SpareLastAdmin(ctx, ada.ID), ErrLastAdmin)
	})
	t.Run("nor does one who may not sign in", func(t *testing.T) {
		_, may := r.member(ctx, t)
		r.give(ctx, t, may.ID, NewGrant{Role: Admin})
		set(ctx, t, r.db, `UPDATE users SET state = 'suspended' WHERE id = $1`, may.ID)
		wantFault(t, r.SpareLastAdmin(ctx, ada.ID), ErrLastAdmin)
		if err := r.SpareLastAdmin(ctx, may.ID); err != nil {
			t.Errorf("one who counts for nothing: %v", err)
		}
	})
	t.Run("another one does", func(t *testing.T) {
		r.give(ctx, t, eve.ID, NewGrant{Role: Admin})
		if err := r.TakeRole(ctx, Actor{}, ada.ID, g.ID); err != nil {
			t.Error(err)
		}
	})
}

// Two admins take each other's role at once: one of them stays one.
func TestTwoAdminsWhoDemoteEachOther(t *testing.T) {
	t.Parallel()
	r := committed(t)
	ctx := t.Context()
	_, ada := r.member(ctx, t)
	_, eve := r.member(ctx, t)
	both := map[uuid.UUID]Grant{}
	for range 1000 {
		for _, id := range []uuid.UUID{ada.ID, eve.ID} {
			both[id], _, _ = r.grant(ctx, uuid.Nil, id, NewGrant{Role: Admin})
		}
		var wg sync.WaitGroup
		errs := make([]error, 2)
		for i, duel := range [][2]uuid.UUID{{ada.ID, eve.ID}, {eve.ID, ada.ID}} {
			wg.Go(func() { errs[i] = r.TakeRole(ctx, Actor{ID: duel[0]}, duel[1], both[duel[1]].ID) })
		}
		wg.Wait()
		left := scalar[int](ctx, t, r.db, `SELECT count(*) FROM user_roles WHERE role = 'admin'`)
		if left != 1 || (errs[0] == nil) == (errs[1] == nil) || !errors.Is(errors.Join(errs...), ErrLastAdmin) {
			t.Fatalf("%d are left: %v, %v", left, errs[0], errs[1])
		}
	}
}

// One admin changes the end of a role while another takes it: whoever is told
// that it was taken can rely on it.
func TestARoleThatIsSaidToBeTakenIsTaken(t *testing.T) {
	t.Parallel()
	r := on(t, pgtest.New(t))
	ctx := t.Context()
	_, u := r.member(ctx, t)
	end := noon.Add(time.Hour)
	g := r.give(ctx, t, u.ID, NewGrant{Role: Coach, EndsAt: &end})
	taken := make(chan error, 1)
	err := r.db.InTx(ctx, func(ctx context.Context) error {
		later := end.Add(time.Hour)
		if _, _, err := r.grant(ctx, uuid.Nil, u.ID, NewGrant{Role: Coach, EndsAt: &later}); err != nil {
			return err
		}
		go func() { taken <- r.TakeRole(t.Context(), Actor{}, u.ID, g.ID) }()
		return r.untilSomebodyWaits(t)
	})
	if err != nil {
		t.Fatal(err)
	}
	wantFault(t, <-taken, fault.ErrNotFound)
}

// untilSomebodyWaits returns when a statement waits for a row.
func (r *rig) untilSomebodyWaits(t *testing.T) error {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		var waiting bool
		err := r.db.Pool().QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')`).Scan(&waiting)
		if err != nil || waiting {
			return err
		}
	}
}

func TestRoleLetter(t *testing.T) {
	t.Parallel()
	r := committed(t)
	email, u := r.member(t.Context(), t)
	r.give(t.Context(), t, u.ID, NewGrant{Role: Coach})
	r.idle(t)
	m, err := r.sink.Wait(t.Context(), email, nil)
	if err != nil {
		t.Fatal(err)
	}
	if m.Subject != "Your roles have changed" || !strings.Contains(m.Text, "    coach\n") || !strings.Contains(m.Text, "https://app.example.org/account") {
		t.Errorf("%s\n%s", m.Subject, m.Text)
	}
}
