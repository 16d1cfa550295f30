package account

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

func TestCreate(t *testing.T) {
	t.Parallel()

	t.Run("an account made by hand is confirmed and has its roles", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		email := newEmail()
		then := noon.AddDate(-2, 0, 0)
		got, err := r.Create(ctx, NewUser{Email: email, Password: goodPassword, DisplayName: " Ada ", Roles: []Role{Moderator, Admin}, CreatedAt: then})
		if err != nil {
			t.Fatal(err)
		}
		want := User{ID: got.ID, Email: email, Verified: true, DisplayName: "Ada", TimeZone: "UTC", Roles: []Role{Admin, Moderator}, Version: 1, CreatedAt: then}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})

	t.Run("an address is taken in any spelling", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		email, _ := r.member(ctx, t)
		_, err := r.Create(ctx, NewUser{Email: strings.ToUpper(email), Password: goodPassword, DisplayName: "Eve"})
		wantFault(t, err, ErrEmailTaken)
	})

	t.Run("the rules of sign-up hold here too", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		for pointer, n := range map[string]NewUser{
			"/email":        {Email: "ada", Password: goodPassword, DisplayName: "Ada"},
			"/password":     {Email: newEmail(), Password: "password", DisplayName: "Ada"},
			"/display_name": {Email: newEmail(), Password: goodPassword, DisplayName: "A\nda"},
			"/role":         {Email: newEmail(), Password: goodPassword, DisplayName: "Ada", Roles: []Role{"owner"}},
		} {
			_, err := r.Create(ctx, n)
			wantFault(t, err, fault.ErrInvalid, pointer)
		}
	})
}

func TestAFreshDatabaseHasNobody(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	if n := scalar[int](ctx, t, r.db, `SELECT count(*) FROM users`); n != 0 {
		t.Errorf("%d accounts come with the migrations", n)
	}
}

func TestPromote(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	email, u := r.member(ctx, t)
	for range 2 {
		if err := r.Promote(ctx, strings.ToUpper(email), Admin); err != nil {
			t.Fatal(err)
		}
	}
	got, err := r.Me(ctx, Actor{ID: u.ID})
	if err != nil || !cmp.Equal(got.Roles, []Role{Admin}) {
		t.Errorf("roles %v, %v", got.Roles, err)
	}
	if r.revocations(ctx, t, u.ID) == 0 || r.acts.count("role.grant") == 0 {
		t.Error("streams or audit were not told")
	}
	wantFault(t, r.Promote(ctx, newEmail(), Admin), fault.ErrNotFound)
	wantFault(t, r.Promote(ctx, email, "owner"), fault.ErrInvalid, "/role")
}

func TestMe(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	_, u := r.member(ctx, t)
	counted, n := pg.Count(ctx)
	got, err := r.Me(counted, Actor{ID: u.ID})
	if err != nil || n.N() != 1 {
		t.Errorf("%d statements, %v", n.N(), err)
	}
	if diff := cmp.Diff(u, got); diff != "" {
		t.Error(diff)
	}
	_, err = r.Me(ctx, Actor{})
	wantFault(t, err, ErrUnauthenticated)
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	ptr := func(s string) *string { return &s }

	t.Run("what is sent changes and the rest stays", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		_, u := r.member(ctx, t)
		r.clock.Advance(time.Hour)
		got, err := r.Update(ctx, Actor{ID: u.ID}, Edit{TimeZone: ptr("America/New_York")}, "")
		if err != nil || got.TimeZone != "America/New_York" || got.DisplayName != "Maria" || got.ETag() != `"m2"` {
			t.Errorf("%+v, %v", got, err)
		}
		got, err = r.Update(ctx, Actor{ID: u.ID}, Edit{DisplayName: ptr(" Maria Lopez ")}, got.ETag())
		if err != nil || got.TimeZone != "America/New_York" || got.DisplayName != "Maria Lopez" || got.Version != 3 {
			t.Errorf("%+v, %v", got, err)
		}
	})

	t.Run("what changed is audited: the zones, and of names only that there is another", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		_, u := r.member(ctx, t)
		for _, c := range []struct {
			edit Edit
			want map[string]string // nil: no act
		}{
			{Edit{TimeZone: ptr("Europe/Berlin"), DisplayName: ptr("Canary")}, map[string]string{"fields": "display_name", "before.time_zone": "UTC", "after.time_zone": "Europe/Berlin"}},
			{Edit{TimeZone: ptr("Europe/Berlin"), DisplayName: ptr(" Canary ")}, nil},
			{Edit{TimeZone: ptr("UTC")}, map[string]string{"before.time_zone": "Europe/Berlin", "after.time_zone": "UTC"}},
			{Edit{DisplayName: ptr("Maria")}, map[string]string{"fields": "display_name"}},
		} {
			before := r.acts.count("account.change")
			r.acts.last = nil
			counted, n := pg.Count(ctx)
			if _, err := r.Update(counted, Actor{ID: u.ID}, c.edit, ""); err != nil || n.N() > 2 {
				t.Fatalf("%v, %d statements", err, n.N())
			}
			if diff := cmp.Diff(c.want, r.acts.last); diff != "" || r.acts.count("account.change")-before != min(len(c.want), 1) {
				t.Error(diff)
			}
		}
	})

	t.Run("an ETag that is not the current one is stale", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		_, u := r.member(ctx, t)
		for _, tag := range []string{`"m2"`, `"m0"`, `W/"m1"`, `m1`, `"m1" `, `"m01"`, `"m1x"`, `"t1"`, `"m-1"`, `"m1","m2"`} {
			_, err := r.Update(ctx, Actor{ID: u.ID}, Edit{DisplayName: ptr("Eve")}, tag)
			wantFault(t, err, fault.ErrStale)
		}
		for i, tag := range []string{`"m1"`, "*", ""} {
			got, err := r.Update(ctx, Actor{ID: u.ID}, Edit{DisplayName: ptr("Maria")}, tag)
			if err != nil || got.Version != int64(i+2) {
				t.Errorf("%s: %+v, %v", tag, got, err)
			}
		}
	})
}

func TestUpdateValues(t *testing.T) {
	t.Parallel()

	t.Run("a value that is not right is named", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		_, u := r.member(ctx, t)
		for _, zone := range []string{"", "Local", "local", "Mars/Olympus", "../etc/passwd", "+02:00"} {
			_, err := r.Update(ctx, Actor{ID: u.ID}, Edit{TimeZone: &zone}, "")
			wantFault(t, err, fault.ErrInvalid, "/time_zone")
		}
		for _, name := range []string{"", "  ", "a\nb", "a\x00b", "a\u202eb", "a\u2028b", "\xff", strings.Repeat("n", 81)} {
			_, err := r.Update(ctx, Actor{ID: u.ID}, Edit{DisplayName: &name}, "")
			wantFault(t, err, fault.ErrInvalid, "/display_name")
		}
		for _, name := range []string{"\u00c9lo\u00efse", "\u0645\u0631\u064a\u0645", "\U0001f469\u200d\U0001f4bb", strings.Repeat("\u4e2d", 80)} {
			if _, err := r.Update(ctx, Actor{ID: u.ID}, Edit{DisplayName: &name}, ""); err != nil {
				t.Errorf("%q: %v", name, err)
			}
		}
	})
}
