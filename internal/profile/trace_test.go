package profile_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/audit"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/profile"
)

// traced gives what the audit log keeps of her, the latest first.
func (w *world) traced(who account.Actor) []audit.Recorded {
	w.t.Helper()
	page, _, err := audit.New(w.db, w.now).Entries(w.ctx, audit.Filter{About: who.ID}, audit.Position{}, 100)
	ok(w.t, err)
	return page
}

func TestWhatChangesInAProfileIsAudited(t *testing.T) {
	t.Parallel()
	w := inTx(t)
	maria := w.person("Maria", "full")
	text, list, yes, six := "canary of hers", []string{"canary of hers"}, true, int64(6)
	links := []string{"https://canary.example"}

	t.Run("who may see it with before and after", func(t *testing.T) {
		before, err := w.Mine(w.ctx, maria)
		ok(t, err)
		w.change(maria, profile.Edit{Listed: &yes, For: profile.Visibility{Story: profile.Members, Avatar: profile.OnlyMe, Links: before.For.Links}})
		got := w.traced(maria)[0]
		want := []audit.Change{
			{Field: "listed", Before: strconv.FormatBool(before.Listed), After: "true"},
			{Field: "visibility.avatar", Before: string(before.For.Avatar), After: "only_me"},
			{Field: "visibility.story", Before: string(before.For.Story), After: "members"},
		}
		if before.Listed {
			want = want[1:]
		}
		if diff := cmp.Diff(want, got.Changes); diff != "" || got.Action != "profile.change" || got.ActorID != maria.ID || len(got.Detail) > 0 {
			t.Errorf("%s %+v", diff, got)
		}
	})

	t.Run("what she tells only by the names of the fields", func(t *testing.T) {
		w.now.Advance(1)
		w.change(maria, profile.Edit{Headline: &text, Story: &text, Pronouns: &text, Skills: &list, Goals: &list, Links: &links, YearsAway: &profile.Years{To: &six}})
		got := w.traced(maria)[0]
		if got.Detail["fields"] != "headline,story,years_away,pronouns,skills,goals,links" || got.Changes != nil || strings.Contains(fmt.Sprint(got), "canary") {
			t.Errorf("%+v", got)
		}
	})

	t.Run("the same again, or a version that is not hers any more, is no act", func(t *testing.T) {
		n := len(w.traced(maria))
		w.change(maria, profile.Edit{Listed: &yes, Headline: &text, Skills: &list, YearsAway: &profile.Years{To: &six}, For: profile.Visibility{Story: profile.Members}})
		_, err := w.Change(w.ctx, maria, profile.Edit{Headline: new(string)}, `"s1"`)
		is(t, err, fault.ErrStale)
		if got := w.traced(maria); len(got) != n {
			t.Errorf("%+v", got[0])
		}
	})
}

func TestAPictureThatComesOrGoesIsAudited(t *testing.T) {
	t.Parallel()
	w := inTx(t)
	maria := w.person("Maria", "full")
	// In a transaction of a test a picture cannot be set, only taken away.
	first := "019ab5c0-0000-7000-8000-000000000b01"
	w.exec(`UPDATE profiles SET avatar = $2, avatar_64 = 'a/64', avatar_256 = 'a/256', avatar_512 = 'a/512' WHERE user_id = $1`, maria.ID, first)
	ok(t, w.RemoveAvatar(w.ctx, maria))
	ok(t, w.RemoveAvatar(w.ctx, maria))
	got := w.traced(maria)
	if len(got) != 1 || got[0].Action != "avatar.remove" || !cmp.Equal(got[0].Changes, []audit.Change{{Field: "version", Before: first}}) {
		t.Errorf("%+v", got)
	}
}
