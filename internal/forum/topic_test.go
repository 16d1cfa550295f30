package forum

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
)

func TestATopicIsReadAsItWasOpened(t *testing.T) {
	t.Parallel()
	w := inTx(t)
	c := w.circle()
	opened := w.opened(c.member, c.space)
	read, err := w.Topic(w.ctx, c.member, opened.ID)
	ok(t, err)
	if diff := cmp.Diff(opened, read); diff != "" {
		t.Errorf("opened, then read (-opened +read):\n%s", diff)
	}
	if opened.AuthorName != "Maria" || opened.ETag() != `"t1"` || opened.LastReadNumber != 1 || opened.UnreadCount != 0 {
		t.Errorf("opened: %+v", opened)
	}
	posts, err := w.Posts(w.ctx, c.coach, opened.ID, 1, "", 10)
	ok(t, err)
	if len(posts.Items) != 1 || posts.Items[0].HTML != "<p>I wrote my <strong>first</strong> function.</p>\n" || posts.Items[0].Number != 1 {
		t.Errorf("its posts: %+v", posts)
	}
	seen, err := w.Spaces(w.ctx, c.coach)
	ok(t, err)
	if seen[len(seen)-1].TopicsCount != 1 && seen[0].TopicsCount != 1 {
		t.Errorf("the space counts no topic: %+v", seen)
	}
}

func TestOnlySoundTextIsTaken(t *testing.T) {
	t.Parallel()
	w := inTx(t)
	c := w.circle()
	topic := w.opened(c.member, c.space)
	bodies := map[string]string{
		"body-nesting":  strings.Repeat("> ", 200) + "deep",
		"body-links":    strings.Repeat("[a](https://example.org) ", 600),
		"body-emphasis": strings.Repeat("*a ", 3000),
		"body-table":    strings.Repeat("|a", 200) + "\n" + strings.Repeat("|-", 200) + "\n" + strings.Repeat("|a\n", 100),
		"body-too-long": strings.Repeat("a", 33<<10),
		"body-empty":    "\u200b \n\n",
	}
	for code, body := range bodies {
		_, byReply := w.Reply(w.ctx, c.member, topic.ID, NewPost{Body: body})
		_, byTopic := w.Open(w.ctx, c.member, c.space, NewTopic{Title: "A title", Body: body})
		for _, err := range []error{byReply, byTopic} {
			f := fault.From(err)
			if f == nil || f.Kind != fault.Invalid || f.Fields[0].Pointer != "/body" || f.Fields[0].Code != code {
				t.Errorf("%s: %v", code, err)
			}
		}
	}
	for _, title := range []string{"", "  ab  ", strings.Repeat("é", 201), "two\nlines", "\u200b\u200b\u200b", "a\x00bc"} {
		_, err := w.Open(w.ctx, c.member, c.space, NewTopic{Title: title, Body: "Hello"})
		if f := fault.From(err); f == nil || f.Fields[0].Pointer != "/title" {
			t.Errorf("title %q: %v", title, err)
		}
	}
	if n := w.number(`SELECT count(*) FROM posts WHERE topic_id = $1`, topic.ID); n != 1 {
		t.Errorf("%d posts, want 1", n)
	}
	hostile := w.replied(c.member, topic.ID)
	edited, err := w.Edit(w.ctx, c.member, hostile.ID, `<script>alert(1)</script> [x](javascript:alert(1))`, hostile.ETag())
	ok(t, err)
	if strings.Contains(edited.HTML, "<script") || strings.Contains(edited.HTML, "javascript:") {
		t.Errorf("rendered: %s", edited.HTML)
	}
}

func TestATopicIsRenamedByItsAuthorAndTheCoach(t *testing.T) {
	t.Parallel()
	w := inTx(t)
	c := w.circle()
	peer := w.person("full")
	w.seat(peer, c.cohort, "active")
	topic := w.opened(c.member, c.space)

	_, err := w.Rename(w.ctx, peer, topic.ID, "Hers", topic.ETag())
	is(t, err, fault.ErrNotAllowed)
	_, err = w.Rename(w.ctx, c.member, topic.ID, "Two weeks", "")
	is(t, err, fault.ErrIfMatchRequired)
	_, err = w.Rename(w.ctx, c.member, topic.ID, "Two weeks", `W/"t1"`)
	is(t, err, fault.ErrStale)
	renamed, err := w.Rename(w.ctx, c.member, topic.ID, "  Two weeks ", topic.ETag())
	ok(t, err)
	if renamed.Title != "Two weeks" || renamed.ETag() != `"t2"` {
		t.Errorf("renamed: %+v", renamed)
	}
	_, err = w.Rename(w.ctx, c.coach, topic.ID, "Three weeks", topic.ETag())
	is(t, err, fault.ErrStale)
	w.replied(peer, topic.ID)
	_, err = w.Rename(w.ctx, c.coach, topic.ID, "Three weeks", renamed.ETag())
	ok(t, err) // a reply in between does not count as a change
	if n := w.number(`SELECT count(*) FROM audit_log WHERE action = 'topic.rename' AND actor_id = $1`, c.coach.ID); n != 1 {
		t.Errorf("the act of the coach is recorded %d times", n)
	}
	if n := w.number(`SELECT count(*) FROM audit_log WHERE actor_id = $1`, c.member.ID); n != 0 {
		t.Error("what she does to her own topic is recorded")
	}
}

func TestATopicGoesAwayUntilOthersHaveReplied(t *testing.T) {
	t.Parallel()
	w := inTx(t)
	c := w.circle()
	alone, answered := w.opened(c.member, c.space), w.opened(c.member, c.space)
	w.replied(c.member, alone.ID)
	theirs := w.replied(c.coach, answered.ID)

	is(t, w.Remove(w.ctx, c.member, alone.ID, `"t9"`), fault.ErrStale)
	ok(t, w.Remove(w.ctx, c.member, alone.ID, alone.ETag()))
	is(t, w.Remove(w.ctx, c.member, alone.ID, ""), fault.ErrNotFound)
	_, err := w.Posts(w.ctx, c.member, alone.ID, 1, "", 10)
	is(t, err, fault.ErrNotFound)
	is(t, w.Remove(w.ctx, c.member, answered.ID, ""), ErrAnswered)
	ok(t, w.RemovePost(w.ctx, c.coach, theirs.ID, ""))
	ok(t, w.Remove(w.ctx, c.member, answered.ID, "*"))

	another := w.opened(c.member, c.space)
	mine := w.replied(c.member, another.ID)
	ok(t, w.Remove(w.ctx, c.coach, another.ID, ""))
	is(t, w.RemovePost(w.ctx, c.member, mine.ID, ""), fault.ErrNotFound)
	if n := w.number(`SELECT topics_count FROM spaces WHERE id = $1`, c.space); n != 0 {
		t.Errorf("the space counts %d topics", n)
	}
	if n := w.number(`SELECT count(*) FROM audit_log WHERE action = 'topic.delete' AND target_id = $1`, another.ID.String()); n != 1 {
		t.Errorf("recorded %d times", n)
	}
}

func TestPagesOfTopicsAreWholeWhileTopicsBecomeActive(t *testing.T) {
	t.Parallel()
	w := inTx(t)
	c := w.circle()
	all := map[uuid.UUID]bool{}
	for n := range 23 {
		if n%3 == 0 { // several share a moment
			w.now.Advance(time.Second)
		}
		all[w.opened(c.member, c.space).ID] = true
	}
	seen := map[uuid.UUID]int{}
	cursor, pages := "", 0
	for more := true; more; more = cursor != "" {
		page, err := w.Topics(w.ctx, c.coach, c.space, cursor, 5)
		ok(t, err)
		for _, topic := range page.Items {
			seen[topic.ID]++
		}
		w.now.Advance(time.Second)
		w.replied(c.member, page.Items[len(page.Items)-1].ID)
		cursor = page.NextCursor
		pages++
	}
	for id := range all {
		if seen[id] != 1 {
			t.Errorf("%s came %d times", id, seen[id])
		}
	}
	if pages != 5 {
		t.Errorf("%d pages", pages)
	}
	page, err := w.Topics(w.ctx, c.coach, c.space, "", 5)
	ok(t, err)
	_, err = w.Topics(w.ctx, c.member, c.space, page.NextCursor, 5)
	is(t, err, fault.ErrCursor) // a cursor is hers alone
}
