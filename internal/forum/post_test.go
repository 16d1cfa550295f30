package forum

import (
	"sync"
	"testing"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

func TestFiftyRepliesAtOnceAreNumberedWithoutGaps(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t.Context(), pgtest.New(t))
	c := w.circle()
	topic := w.opened(c.member, c.space)
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if _, err := w.Reply(t.Context(), c.member, topic.ID, NewPost{Body: "Me too"}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	seen, cursor := int64(0), ""
	for more := true; more; more = cursor != "" {
		page, err := w.Posts(w.ctx, c.coach, topic.ID, 1, cursor, 20)
		ok(t, err)
		for _, p := range page.Items {
			if seen++; p.Number != seen {
				t.Fatalf("number %d, want %d", p.Number, seen)
			}
		}
		cursor = page.NextCursor
	}
	after, err := w.Topic(w.ctx, c.member, topic.ID)
	ok(t, err)
	if seen != 51 || after.PostsCount != 51 || after.HighestPostNumber != 51 || after.LastReadNumber != 51 {
		t.Errorf("%d posts, topic %+v", seen, after)
	}
	if n := w.number(`SELECT count(DISTINCT payload->>'post_number') FROM outbox WHERE type = 'post.created'`); n != 50 {
		t.Errorf("%d events", n)
	}
}

func TestAReplyAnswersAPostOfItsTopic(t *testing.T) {
	t.Parallel()
	w := inTx(t)
	c := w.circle()
	topic, other := w.opened(c.member, c.space), w.opened(c.member, c.space)
	w.replied(c.member, other.ID)
	p, err := w.Reply(w.ctx, c.coach, topic.ID, NewPost{Body: "Well done!", ReplyTo: 1})
	ok(t, err)
	if p.Number != 2 || p.ReplyTo != 1 || p.SpaceID != c.space || p.AuthorName != "Maria" || p.ETag() != `"p1"` {
		t.Errorf("replied: %+v", p)
	}
	_, err = w.Reply(w.ctx, c.coach, topic.ID, NewPost{Body: "Well done!", ReplyTo: 3})
	if f := fault.From(err); f == nil || f.Fields[0].Pointer != "/reply_to" {
		t.Errorf("to a number of nothing: %v", err)
	}
	page, err := w.Posts(w.ctx, c.member, topic.ID, 2, "", 10)
	ok(t, err)
	if len(page.Items) != 1 || page.Items[0].ReplyTo != 1 || page.Items[0].EditedAt != nil {
		t.Errorf("from number 2: %+v", page)
	}
	if page, err = w.Posts(w.ctx, c.member, topic.ID, 99, "", 10); err != nil || len(page.Items) != 0 {
		t.Errorf("behind the end: %+v, %v", page, err)
	}
	_, err = w.Posts(w.ctx, c.member, topic.ID, 1, "nonsense", 10)
	is(t, err, fault.ErrCursor)
}

func TestAPostIsEditedByItsAuthorAndRemembersWhatItWas(t *testing.T) {
	t.Parallel()
	w := inTx(t)
	c := w.circle()
	topic := w.opened(c.member, c.space)
	p := w.replied(c.member, topic.ID)

	_, err := w.Edit(w.ctx, c.coach, p.ID, "Better", p.ETag())
	is(t, err, fault.ErrNotAllowed)
	_, err = w.Edit(w.ctx, c.member, p.ID, "Better", "")
	is(t, err, fault.ErrIfMatchRequired)
	edited, err := w.Edit(w.ctx, c.member, p.ID, "*Better*", p.ETag())
	ok(t, err)
	_, err = w.Edit(w.ctx, c.member, p.ID, "Best", p.ETag())
	is(t, err, fault.ErrStale)
	if edited.ETag() != `"p2"` || edited.HTML != "<p><em>Better</em></p>\n" || edited.EditedAt == nil {
		t.Errorf("edited: %+v", edited)
	}
	if n := w.number(`SELECT count(*) FROM post_revisions WHERE post_id = $1 AND version = 1 AND body = 'Well done!'`, p.ID); n != 1 {
		t.Error("the former text is not kept")
	}
	if f := fault.From(editWith(w, c, p, "")); f == nil || f.Fields[0].Code != "body-empty" {
		t.Errorf("an empty text: %v", f)
	}
}

func editWith(w *world, c circle, p PostView, body string) error {
	_, err := w.Edit(w.ctx, c.member, p.ID, body, "*")
	return err
}

func TestAPostTakenAwayKeepsItsPlaceAndLosesItsText(t *testing.T) {
	t.Parallel()
	w := inTx(t)
	c := w.circle()
	peer := w.person("full")
	w.seat(peer, c.cohort, "active")
	topic := w.opened(c.member, c.space)
	mine, hers := w.replied(c.member, topic.ID), w.replied(peer, topic.ID)

	first, err := w.Posts(w.ctx, c.member, topic.ID, 1, "", 1)
	ok(t, err)
	is(t, w.RemovePost(w.ctx, c.member, first.Items[0].ID, ""), ErrOpensTopic)
	is(t, w.RemovePost(w.ctx, c.member, hers.ID, ""), fault.ErrNotAllowed)
	is(t, w.RemovePost(w.ctx, c.member, mine.ID, `"p7"`), fault.ErrStale)
	ok(t, w.RemovePost(w.ctx, c.member, mine.ID, mine.ETag()))
	ok(t, w.RemovePost(w.ctx, c.member, mine.ID, ""))
	ok(t, w.RemovePost(w.ctx, c.coach, hers.ID, ""))

	page, err := w.Posts(w.ctx, peer, topic.ID, 2, "", 10)
	ok(t, err)
	for n, p := range page.Items {
		if p.Number != int64(n)+2 || p.State != Deleted || p.Body != "" || p.HTML != "" {
			t.Errorf("post %+v", p)
		}
	}
	after, err := w.Topic(w.ctx, peer, topic.ID)
	ok(t, err)
	if len(page.Items) != 2 || after.PostsCount != 1 || after.HighestPostNumber != 3 || w.replied(peer, topic.ID).Number != 4 {
		t.Errorf("%d posts, topic %+v", len(page.Items), after)
	}
	_, err = w.Edit(w.ctx, c.member, mine.ID, "Back", "*")
	is(t, err, fault.ErrNotFound)
	if n := w.number(`SELECT count(*) FROM post_revisions WHERE body = 'Well done!'`); n != 2 {
		t.Errorf("%d texts are kept", n)
	}
	if n := w.number(`SELECT count(*) FROM audit_log WHERE action = 'post.delete' AND subject_id = $1 AND NOT detail ? 'author_id'`, peer.ID); n != 1 {
		t.Errorf("%d acts are recorded, want that of the coach", n)
	}
}
