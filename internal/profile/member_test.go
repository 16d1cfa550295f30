package profile_test

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/profile"
)

func everywhere(a profile.Audience) profile.Visibility {
	return profile.Visibility{Headline: a, Story: a, YearsAway: a, Pronouns: a, Skills: a, Goals: a, Links: a, TimeZone: a, Avatar: a}
}

func full() profile.Edit {
	return profile.Edit{
		Headline: new("Logistics of six"), Story: new("I ran **everything**."), YearsAway: &profile.Years{To: new(int64(12))}, Pronouns: new("she/her"),
		Skills: new([]string{"Kubernetes"}), Goals: new([]string{"A first job"}), Links: new([]string{"https://example.org/maria"}),
	}
}

// Every field, asked by everybody, for every audience: by its own reading, and
// by what can be found.
func TestAFieldIsSeenByItsAudienceAndByNobodyElse(t *testing.T) {
	t.Parallel()
	w := inTx(t)
	maria, mate, other, coach := w.person("Maria", "full"), w.person("Mate", "full"), w.person("Other", "read_only"), w.person("Coach", "", account.Coach)
	admin := w.person("Admin", "", account.Admin)
	w.coach(coach, w.cohort(maria, mate))
	w.cohort(other)
	w.change(maria, full())
	w.exec(`UPDATE profiles SET avatar = $1 WHERE user_id = $2`, uuid.New(), maria.ID)
	for audience, sees := range map[profile.Audience]map[string]bool{
		profile.OnlyMe:    {"Maria": true},
		profile.MyCohorts: {"Maria": true, "Mate": true, "Coach": true},
		profile.Members:   {"Maria": true, "Mate": true, "Coach": true, "Other": true, "Admin": true},
	} {
		w.change(maria, profile.Edit{For: everywhere(audience)})
		for name, who := range map[string]account.Actor{"Maria": maria, "Mate": mate, "Coach": coach, "Other": other, "Admin": admin} {
			m, err := w.Member(w.ctx, who, maria.ID)
			ok(t, err)
			v := reflect.ValueOf(m)
			for _, field := range reflect.VisibleFields(v.Type()) {
				if field.Name == "ID" || field.Name == "DisplayName" {
					continue
				}
				if shown := !v.FieldByIndex(field.Index).IsZero(); shown != sees[name] {
					t.Errorf("%s for %s: %s sees it: %v", field.Name, audience, name, shown)
				}
			}
			found := sees[name] && (audience != profile.OnlyMe)
			for _, q := range []string{"logist", "kuber", "maria kuber six"} {
				if got := len(w.names(who, profile.Query{Q: q})) == 1; got != found {
					t.Errorf("for %s: %s finds her by %q: %v", audience, name, q, got)
				}
			}
		}
	}
}

func TestDirectory(t *testing.T) {
	t.Parallel()
	w := inTx(t)
	angela, bea, cleo := w.person("Ángela Müller", "full"), w.person("Bea", "read_only"), w.person("Cleo", "full")
	coach, lapsed, visitor := w.person("Dora", "", account.Coach), w.person("Elif", "none"), w.person("Fatou", "")
	winter, summer := w.cohort(angela, bea), w.cohort(cleo)
	w.coach(coach, winter)
	all := []string{"Ángela Müller", "Bea", "Cleo", "Dora"}
	for what, c := range map[string]struct {
		who  account.Actor
		q    profile.Query
		want []string
	}{
		"everybody with access or a role, by name": {angela, profile.Query{}, all},
		"who only reads sees it too":               {bea, profile.Query{}, all},
		"without access there is nobody":           {lapsed, profile.Query{}, []string{}},
		"nor without a membership":                 {visitor, profile.Query{}, []string{}},
		"nobody is nobody":                         {account.Actor{}, profile.Query{}, []string{}},
		"accents and capitals do not matter":       {bea, profile.Query{Q: "ANGELA mull"}, []string{"Ángela Müller"}},
		"nor in what is asked":                     {bea, profile.Query{Q: "béa"}, []string{"Bea"}},
		"all words must be there":                  {bea, profile.Query{Q: "angela bea"}, []string{}},
		"the middle of a word is no beginning":     {bea, profile.Query{Q: "leo"}, []string{}},
		"signs find nobody":                        {bea, profile.Query{Q: "':* | !&"}, []string{}},
		"other signs neither":                      {bea, profile.Query{Q: "“„ \u2028\u200b"}, []string{}},
		"a cohort of hers":                         {angela, profile.Query{Cohort: winter}, []string{"Ángela Müller", "Bea", "Dora"}},
		"one she coaches":                          {coach, profile.Query{Cohort: winter, Q: "be"}, []string{"Bea"}},
		"a cohort of others is empty":              {angela, profile.Query{Cohort: summer}, []string{}},
		"and one that never was":                   {angela, profile.Query{Cohort: uuid.New()}, []string{}},
	} {
		if diff := cmp.Diff(c.want, w.names(c.who, c.q)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}

	t.Run("page by page nobody is missed or doubled", func(t *testing.T) {
		for range 7 {
			w.person("Bea", "full")
		}
		seen, cursor := map[uuid.UUID]bool{}, ""
		for {
			page, next, err := w.Directory(w.ctx, angela, profile.Query{Limit: 3, Cursor: cursor})
			ok(t, err)
			for _, m := range page {
				if seen[m.ID] {
					t.Errorf("%s twice", m.DisplayName)
				}
				seen[m.ID] = true
			}
			if cursor = next; cursor == "" {
				break
			}
			_, _, err = w.Directory(w.ctx, bea, profile.Query{Limit: 3, Cursor: cursor})
			is(t, err, fault.ErrCursor)
		}
		if len(seen) != 11 {
			t.Errorf("%d members, want 11", len(seen))
		}
	})

	t.Run("who leaves it is found by her cohorts alone", func(t *testing.T) {
		w.change(angela, profile.Edit{Listed: new(false)})
		if got := w.names(bea, profile.Query{Q: "angela"}); len(got) > 0 {
			t.Errorf("listed: %v", got)
		}
		_, err := w.Member(w.ctx, bea, angela.ID)
		ok(t, err)
		_, err = w.Member(w.ctx, cleo, angela.ID)
		is(t, err, fault.ErrNotFound)
	})

	t.Run("a new name is found and the old one is not", func(t *testing.T) {
		w.exec(`UPDATE users SET display_name = 'Cléopâtre' WHERE id = $1`, cleo.ID)
		if got := w.names(bea, profile.Query{Q: "cleopatre"}); len(got) != 1 {
			t.Errorf("found %v", got)
		}
	})

	t.Run("who is gone is not there", func(t *testing.T) {
		for _, sql := range []string{`UPDATE users SET state = 'suspended' WHERE id = $1`, `UPDATE member_access SET reason = 'banned' WHERE user_id = $1`, `UPDATE member_access SET until = '2026-11-23 11:00Z' WHERE user_id = $1`} {
			gone := w.person("Zora", "full")
			w.exec(sql, gone.ID)
			_, err := w.Member(w.ctx, bea, gone.ID)
			is(t, err, fault.ErrNotFound)
			_, err = w.Member(w.ctx, gone, bea.ID)
			is(t, err, fault.ErrNotFound)
		}
		if got := w.names(bea, profile.Query{Q: "zora"}); len(got) > 0 {
			t.Errorf("found %v", got)
		}
	})
}

func TestReadingCostsOneStatement(t *testing.T) {
	t.Parallel()
	w := inTx(t)
	maria := w.person("Maria", "full")
	w.cohort(maria)
	for what, read := range map[string]func(context.Context) error{
		"her own": func(ctx context.Context) error { _, err := w.Mine(ctx, maria); return err },
		"member":  func(ctx context.Context) error { _, err := w.Member(ctx, maria, maria.ID); return err },
		"list":    func(ctx context.Context) error { _, _, err := w.Directory(ctx, maria, profile.Query{}); return err },
		"search": func(ctx context.Context) error {
			_, _, err := w.Directory(ctx, maria, profile.Query{Q: "maria"})
			return err
		},
		"blocks": func(ctx context.Context) error { _, err := w.Blocks(ctx, maria); return err },
	} {
		ctx, n := pg.Count(w.ctx)
		ok(t, read(ctx))
		if n.N() != 1 {
			t.Errorf("%s takes %d statements", what, n.N())
		}
	}
}

func TestChange(t *testing.T) {
	t.Parallel()
	w := inTx(t)
	maria := w.person("Maria", "")

	t.Run("what she never said is private where it is private by nature", func(t *testing.T) {
		mine, err := w.Mine(w.ctx, maria)
		ok(t, err)
		want := everywhere(profile.Members)
		want.Story, want.YearsAway, want.Goals, want.TimeZone = profile.OnlyMe, profile.OnlyMe, profile.OnlyMe, profile.OnlyMe
		if diff := cmp.Diff(want, mine.For); diff != "" || !mine.Listed {
			t.Error(diff)
		}
	})

	t.Run("what is sent is changed and the rest stays", func(t *testing.T) {
		w.change(maria, full())
		w.change(maria, profile.Edit{Pronouns: new(""), Skills: new([]string{" SQL ", "sql", "", "Go"}), YearsAway: &profile.Years{}, For: profile.Visibility{Story: profile.Members}})
		mine, err := w.Mine(w.ctx, maria)
		ok(t, err)
		if mine.Headline != "Logistics of six" || mine.StoryHTML != "<p>I ran <strong>everything</strong>.</p>\n" || mine.Pronouns != "" || mine.YearsAway != nil ||
			strings.Join(mine.Skills, ",") != "SQL,Go" || mine.For.Story != profile.Members || mine.For.Goals != profile.OnlyMe || mine.Version != 3 {
			t.Errorf("%+v", mine)
		}
	})

	t.Run("only the version that was read", func(t *testing.T) {
		mine, err := w.Mine(w.ctx, maria)
		ok(t, err)
		_, err = w.Change(w.ctx, maria, profile.Edit{Headline: new("New")}, mine.ETag())
		ok(t, err)
		_, err = w.Change(w.ctx, maria, profile.Edit{Headline: new("Newer")}, mine.ETag())
		is(t, err, fault.ErrStale)
	})

	t.Run("everything that is not right is named at once", func(t *testing.T) {
		long := strings.Repeat("x", 10_001)
		many := make([]string, 21)
		for n := range many {
			many[n] = fmt.Sprint("skill ", n)
		}
		_, err := w.Change(w.ctx, maria, profile.Edit{
			Headline: new("two\nlines"), Pronouns: new("\u202eer/hs"), Story: &long, YearsAway: &profile.Years{To: new(int64(61))}, Skills: &many, Goals: new([]string{"a", long}),
			Links: new([]string{"https://ok.example", "http://plain.example", "javascript:alert(1)", "https://user:pw@evil.example", "https://", "https:evil", "https://a b"}),
		}, "")
		f := fault.From(err)
		if f == nil {
			t.Fatal(err)
		}
		got := []string{}
		for _, field := range f.Fields {
			got = append(got, field.Pointer)
		}
		want := []string{"/headline", "/pronouns", "/skills", "/goals/1", "/links/1", "/links/2", "/links/3", "/links/4", "/links/5", "/links/6", "/years_away", "/story"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})

	t.Run("ten goals and ten links are enough", func(t *testing.T) {
		many := make([]string, 11)
		for n := range many {
			many[n] = fmt.Sprintf("https://example.org/%d", n)
		}
		_, err := w.Change(w.ctx, maria, profile.Edit{Goals: &many, Links: &many}, "")
		f := fault.From(err)
		if f == nil || len(f.Fields) != 2 || f.Fields[0].Pointer != "/goals" || f.Fields[1].Pointer != "/links" {
			t.Errorf("%v: %+v", err, f)
		}
		ten := many[:10]
		if _, err := w.Change(w.ctx, maria, profile.Edit{Goals: &ten, Links: &ten}, ""); err != nil {
			t.Error(err)
		}
	})

	t.Run("a story that no reader could follow is not taken", func(t *testing.T) {
		_, err := w.Change(w.ctx, maria, profile.Edit{Story: new(strings.Repeat(">", 200) + "x")}, "")
		if f := fault.From(err); f == nil || f.Fields[0].Pointer != "/story" || f.Fields[0].Code != "story-too-nested" {
			t.Error(err)
		}
		w.change(maria, profile.Edit{Story: new("<script>alert(1)</script> [x](javascript:alert(1))")})
		mine, err := w.Mine(w.ctx, maria)
		ok(t, err)
		if strings.Contains(mine.StoryHTML, "<script") || strings.Contains(mine.StoryHTML, "href") {
			t.Error(mine.StoryHTML)
		}
	})
}
