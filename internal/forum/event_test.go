package forum

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/womens-tech-conservatory/conservatory/internal/outbox"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

func TestEveryChangeIsAnnouncedToThoseWhoSeeIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t.Context(), pgtest.New(t))
	c := w.circle()
	start, err := w.outbox.Head(w.ctx)
	ok(t, err)
	topic := w.opened(c.member, c.space)
	first, err := w.Posts(w.ctx, c.member, topic.ID, 1, "", 1)
	ok(t, err)
	post := w.replied(c.coach, topic.ID)
	_, err = w.MarkRead(w.ctx, c.member, topic.ID, 2)
	ok(t, err)
	_, err = w.Edit(w.ctx, c.coach, post.ID, "Very well done!", post.ETag())
	ok(t, err)
	_, err = w.Rename(w.ctx, c.member, topic.ID, "Two weeks", topic.ETag())
	ok(t, err)
	ok(t, w.RemovePost(w.ctx, c.coach, post.ID, ""))
	ok(t, w.Remove(w.ctx, c.member, topic.ID, ""))

	// Other tests in the same server may hold the horizon back for a moment.
	var got []outbox.Event
	for deadline := time.Now().Add(20 * time.Second); len(got) < 9 && time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		got, err = w.outbox.After(w.ctx, start, 100)
		ok(t, err)
	}
	ok(t, err)
	s, tp, p := c.space, topic.ID, post.ID
	want := []outbox.Event{
		{Type: "topic.created", SpaceID: s, TopicID: tp, PostID: first.Items[0].ID, PostNumber: 1, Version: 1},
		{Type: "read.moved", UserID: c.member.ID, TopicID: tp, PostNumber: 1},
		{Type: "post.created", SpaceID: s, TopicID: tp, PostID: p, PostNumber: 2, Version: 1},
		{Type: "read.moved", UserID: c.coach.ID, TopicID: tp, PostNumber: 2},
		{Type: "read.moved", UserID: c.member.ID, TopicID: tp, PostNumber: 2},
		{Type: "post.updated", SpaceID: s, TopicID: tp, PostID: p, PostNumber: 2, Version: 2},
		{Type: "topic.updated", SpaceID: s, TopicID: tp, Version: 2},
		{Type: "post.deleted", SpaceID: s, TopicID: tp, PostID: p, PostNumber: 2, Version: 3},
		{Type: "topic.deleted", SpaceID: s, TopicID: tp, Version: 3},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(outbox.Event{}, "At", "Position")); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}
