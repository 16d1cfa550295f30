package forum

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
)

func TestWhatSomebodyMayDoInASpace(t *testing.T) {
	t.Parallel()
	before, after := noon().Add(-time.Second), noon().Add(time.Second)
	cases := map[string]struct {
		facts facts
		want  string
	}{
		"a member writes in the community":               {facts{Kind: Global, Access: "full"}, "read reply create"},
		"a lapsing member reads the community":           {facts{Kind: Global, Access: "read_only"}, "read"},
		"nobody without access sees the community":       {facts{Kind: Global, Access: "none", Enrolment: "active"}, ""},
		"a coach writes in the community unpaid":         {facts{Kind: Global, Access: "none", Staff: true}, "read reply create"},
		"a moderator leads the community":                {facts{Kind: Global, Access: "none", Staff: true, Leads: true}, "read reply create lead"},
		"a member does not see the staff space":          {facts{Kind: Staff, Access: "full", Coaches: true}, ""},
		"a coach writes in the staff space":              {facts{Kind: Staff, Staff: true}, "read reply create"},
		"an admin leads the staff space":                 {facts{Kind: Staff, Staff: true, Leads: true}, "read reply create lead"},
		"an enrolled member writes in her cohort":        {facts{Kind: Cohort, Access: "full", Enrolment: "active"}, "read reply create"},
		"an enrolled member who lapses reads":            {facts{Kind: Cohort, Access: "read_only", Enrolment: "active"}, "read"},
		"an enrolled member without access sees no more": {facts{Kind: Cohort, Access: "none", Enrolment: "active"}, ""},
		"a member on a break reads":                      {facts{Kind: Cohort, Access: "full", Enrolment: "paused"}, "read"},
		"an alumna reads":                                {facts{Kind: Cohort, Access: "full", Enrolment: "completed"}, "read"},
		"one who left sees nothing":                      {facts{Kind: Cohort, Access: "full", Enrolment: "withdrawn"}, ""},
		"a stranger sees nothing":                        {facts{Kind: Cohort, Access: "full"}, ""},
		"an admin has no view into a cohort":             {facts{Kind: Cohort, Access: "full", Staff: true, Leads: true}, ""},
		"a coach leads her cohort unpaid":                {facts{Kind: Cohort, Access: "none", Staff: true, Coaches: true}, "read reply create lead"},
		"before it opens it is not there":                {facts{Kind: Global, Access: "full", OpensAt: &after}, ""},
		"before it opens its coach prepares it":          {facts{Kind: Cohort, Coaches: true, OpensAt: &after}, "read reply create lead"},
		"once open it is as always":                      {facts{Kind: Global, Access: "full", OpensAt: &before}, "read reply create"},
		"an archive is read":                             {facts{Kind: Global, Access: "full", ReadOnlyAt: &before}, "read"},
		"an archive is still tidied by its coach":        {facts{Kind: Cohort, Coaches: true, ReadOnlyAt: &before}, "read lead"},
		"an archive to be is not one yet":                {facts{Kind: Global, Access: "full", ReadOnlyAt: &after}, "read reply create"},
		"a role for the space leads it unpaid":           {facts{Kind: Cohort, Access: "none", Given: true}, "read reply create lead"},
		"a role for the space prepares it":               {facts{Kind: Global, Given: true, OpensAt: &after}, "read reply create lead"},
		"a role for the space tidies its archive":        {facts{Kind: Staff, Given: true, ReadOnlyAt: &before}, "read lead"},
		"an unknown kind is closed":                      {facts{Kind: "club", Access: "full", Staff: true, Leads: true, Coaches: true}, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := strings.Join(may(c.facts, noon()).Names(), " "); got != c.want {
				t.Errorf("she may %q, want %q", got, c.want)
			}
		})
	}
}

func TestWhoMayChangeATopicOrPost(t *testing.T) {
	t.Parallel()
	writer, reader, leader := May{Read: true, Reply: true}, May{Read: true}, May{Read: true, Lead: true}
	for _, c := range []struct {
		may        May
		mine, want bool
	}{{writer, true, true}, {writer, false, false}, {reader, true, false}, {leader, false, true}, {leader, true, true}} {
		if got := mayChange(c.may, c.mine); got != c.want {
			t.Errorf("%+v, mine %v: %v", c.may, c.mine, got)
		}
	}
}

// someone is a person with everything that decides about her.
type someone struct {
	account.Actor
	access, enrolment string
	roles             []account.Role
	coaches           bool   // is in the team of the cohort
	place             string // of one more role: the cohort, another cohort, a space; or one that is over
	given             uuid.UUID
}

// everybody is one person for every combination.
func (w *world) everybody(cohort uuid.UUID) []someone {
	var all []someone
	for _, access := range []string{"", "none", "read_only", "full", "over"} {
		for _, enrolment := range []string{"", "active", "paused", "completed", "withdrawn"} {
			for _, roles := range [][]account.Role{nil, {account.Coach}, {account.Coach, account.Moderator}, {account.Admin}} {
				for _, coaches := range []bool{false, true} {
					all = append(all, w.someone(cohort, someone{access: access, enrolment: enrolment, roles: roles, coaches: coaches}))
				}
			}
		}
	}
	return all
}

// limited is everybody with a role in one place, or for a time.
func (w *world) limited(cohort uuid.UUID, spaces []uuid.UUID) []someone {
	var all []someone
	for _, access := range []string{"none", "full"} {
		for _, roles := range [][]account.Role{nil, {account.Moderator}} {
			for _, place := range []string{"cohort", "elsewhere", "cohort, over", "everywhere, over"} {
				all = append(all, w.someone(cohort, someone{access: access, roles: roles, place: place}))
			}
			for _, space := range spaces {
				all = append(all, w.someone(cohort, someone{access: access, roles: roles, place: "space", given: space}),
					w.someone(cohort, someone{access: access, roles: roles, place: "space, over", given: space}))
			}
		}
	}
	return all
}

func (w *world) someone(cohort uuid.UUID, s someone) someone {
	level := s.access
	if level == "over" {
		level = "full"
	}
	s.Actor = w.person(level, s.roles...)
	if s.access == "over" {
		now := noon() // over at this very moment
		w.access(s.Actor, "full", &now)
		s.access = "none"
	}
	if s.enrolment != "" {
		w.seat(s.Actor, cohort, s.enrolment)
	}
	if s.coaches {
		w.coach(s.Actor, cohort)
	}
	past, future := noon(), noon().Add(time.Hour)
	switch s.place {
	case "cohort":
		w.role(s.Actor, account.Moderator, account.Scope{CohortID: cohort}, &future)
	case "cohort, over":
		w.role(s.Actor, account.Coach, account.Scope{CohortID: cohort}, &past)
	case "elsewhere":
		w.role(s.Actor, account.Coach, account.Scope{CohortID: w.cohort()}, nil)
	case "everywhere, over":
		w.role(s.Actor, account.Admin, account.Scope{}, &past)
	case "space":
		w.role(s.Actor, account.Moderator, account.Scope{SpaceID: s.given}, nil)
	case "space, over":
		w.role(s.Actor, account.Moderator, account.Scope{SpaceID: s.given}, &past)
	}
	return s
}

func (s someone) facts(id uuid.UUID, n NewSpace) facts {
	f := facts{Kind: n.Kind, Access: s.access, Staff: len(s.roles) > 0, OpensAt: n.OpensAt, ReadOnlyAt: n.ReadOnlyAt}
	f.Leads = slices.Contains(s.roles, account.Moderator) || slices.Contains(s.roles, account.Admin)
	f.Given = s.place == "space" && s.given == id
	if n.Kind == Cohort {
		f.Enrolment, f.Coaches = s.enrolment, s.coaches && slices.Contains(s.roles, account.Coach) || s.place == "cohort"
	}
	return f
}

func TestTheDatabaseAndThePolicyAgreeAboutEverybody(t *testing.T) {
	t.Parallel()
	w := inTx(t)
	cohort := w.cohort()
	past, future := noon(), noon().Add(time.Minute)
	spaces := map[uuid.UUID]NewSpace{}
	for _, kind := range []Kind{Global, Cohort, Staff} {
		for _, opens := range []*time.Time{nil, &past, &future} {
			for _, closes := range []*time.Time{nil, &past} {
				n := NewSpace{Kind: kind, CohortID: cohort, OpensAt: opens, ReadOnlyAt: closes}
				id := w.space(n)
				spaces[id] = n
				w.exec(`INSERT INTO topics (id, space_id, author_id, title, highest_post_number, posts_count, version, created_at, bumped_at)
					VALUES ($1, $2, $3, 'Hello', 1, 1, 1, $4, $4)`, uuid.New(), id, w.person("").ID, noon())
			}
		}
	}
	for _, s := range append(w.everybody(cohort), w.limited(cohort, slices.Collect(maps.Keys(spaces)))...) {
		want := map[uuid.UUID]May{}
		for id, n := range spaces {
			if m := may(s.facts(id, n), noon()); m.Read {
				want[id] = m
			}
		}
		got := map[uuid.UUID]May{}
		seen, err := w.Spaces(w.ctx, s.Actor)
		ok(t, err)
		for _, v := range seen {
			if _, ours := spaces[v.ID]; ours {
				got[v.ID] = v.May
			}
		}
		unread, err := w.Unread(w.ctx, s.Actor, 100)
		ok(t, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%+v sees (-want +got):\n%s", s, diff)
		}
		for _, u := range unread.Items {
			delete(want, u.SpaceID)
		}
		if len(want) != 0 || unread.TopicsCount != int64(len(got)) {
			t.Errorf("%+v has unread topics in %d spaces and sees %d", s, unread.TopicsCount, len(got))
		}
	}
}

func TestABanOrASuspensionClosesEverything(t *testing.T) {
	t.Parallel()
	w := inTx(t)
	c := w.circle()
	for name, sql := range map[string]string{
		"ban":        `UPDATE member_access SET reason = 'banned', level = 'none' WHERE user_id = $1`,
		"suspension": `UPDATE users SET state = 'suspended' WHERE id = $1`,
	} {
		who := w.person("full", account.Coach, account.Admin)
		w.coach(who, c.cohort)
		if before, _ := w.Spaces(w.ctx, who); len(before) == 0 {
			t.Fatalf("%s: she saw nothing before", name)
		}
		w.exec(sql, who.ID)
		if after, err := w.Spaces(w.ctx, who); err != nil || len(after) != 0 {
			t.Errorf("%s: she still sees %d spaces (%v)", name, len(after), err)
		}
	}
}

func TestWhatIsVisibleComesWithTheMomentItMayEnd(t *testing.T) {
	t.Parallel()
	w := inTx(t)
	c := w.circle()
	end := noon().Add(time.Hour)
	w.access(c.member, "full", &end)
	visible, until, _, err := w.Visible(w.ctx, c.member)
	ok(t, err)
	if _, there := visible[c.space]; !there || !until.Equal(end) {
		t.Errorf("visible %v until %v", visible, until)
	}
	w.now.Set(end)
	if visible, _, _, err = w.Visible(w.ctx, c.member); err != nil || len(visible) != 0 {
		t.Errorf("after the end: %v, %v", visible, err)
	}
	if visible, _, _, err = w.Visible(w.ctx, account.Actor{}); err != nil || len(visible) != 0 {
		t.Errorf("nobody sees %v, %v", visible, err)
	}
}

func TestARoleWithAnEndIsLookedAtAgainWhenItEnds(t *testing.T) {
	t.Parallel()
	w := inTx(t)
	c, who := w.circle(), w.person("none")
	end := noon().Add(time.Hour)
	w.role(who, account.Coach, account.Scope{CohortID: c.cohort}, &end)
	visible, until, _, err := w.Visible(w.ctx, who)
	ok(t, err)
	if _, there := visible[c.space]; !there || !until.Equal(end) {
		t.Errorf("visible %v until %v", visible, until)
	}
	w.now.Set(end)
	if visible, _, _, err = w.Visible(w.ctx, who); err != nil || len(visible) != 0 {
		t.Errorf("after the end: %v, %v", visible, err)
	}
}
