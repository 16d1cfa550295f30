package forum

import (
	"testing"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
)

func TestWhatAnAuthorWroteIsEmptiedAndThreadsKeepTheirShape(t *testing.T) {
	t.Parallel()
	w := inTx(t)
	c := w.circle()
	topic := w.opened(c.member, c.space)
	theirs := w.replied(c.coach, topic.ID)
	hers := w.replied(c.member, topic.ID)
	gone := w.replied(c.member, topic.ID)
	ok(t, w.RemovePost(w.ctx, c.member, gone.ID, ""))

	ok(t, w.Erase(w.ctx, c.member.ID, false))
	page, err := w.Posts(w.ctx, c.coach, topic.ID, 1, "", 10)
	ok(t, err)
	if page.Items[2].Body != hers.Body {
		t.Errorf("text goes although she lets it stay: %+v", page.Items[2])
	}

	before := w.number(`SELECT count(*) FROM outbox WHERE type = 'post.deleted'`)
	for range 2 { // the second time there is nothing left to do
		ok(t, w.Erase(w.ctx, c.member.ID, true))
	}
	page, err = w.Posts(w.ctx, c.coach, topic.ID, 1, "", 10)
	ok(t, err)
	for i, want := range []struct {
		body  string
		state PostState
	}{{"", Deleted}, {theirs.Body, Shown}, {"", Deleted}, {"", Deleted}} {
		p := page.Items[i]
		if p.Body != want.body || p.State != want.state || p.Number != int64(i+1) || (want.body == "") != (p.HTML == "") {
			t.Errorf("post %d: %+v", i+1, p)
		}
	}
	view, err := w.Topic(w.ctx, c.coach, topic.ID)
	ok(t, err)
	if view.Title != erasedTitle || view.PostsCount != 1 || view.HighestPostNumber != 4 {
		t.Errorf("%+v", view)
	}
	if n := w.number(`SELECT count(*) FROM outbox WHERE type = 'post.deleted'`) - before; n != 2 {
		t.Errorf("%d posts told to be gone, want 2", n)
	}
	_, err = w.Edit(w.ctx, c.member, hers.ID, "I am back", "*")
	is(t, err, fault.ErrNotFound)
}
