package forum

import (
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

func TestWhatIsUnread(t *testing.T) {
	t.Parallel()
	w := inTx(t)
	c := w.circle()
	late := w.person("full")
	topic := w.opened(c.member, c.space)
	w.replied(c.member, topic.ID)

	check := func(who string, got Unread, err error, want Unread) {
		t.Helper()
		ok(t, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", who, diff)
		}
	}
	all := func(count, next int64) Unread {
		return Unread{TopicsCount: 1, PostsCount: count, Items: []UnreadTopic{{
			TopicID: topic.ID, SpaceID: c.space, Title: "My first week", UnreadCount: count, NextPostNumber: next, BumpedAt: w.now.Now(),
		}}}
	}
	none := Unread{Items: []UnreadTopic{}}
	got, err := w.Unread(w.ctx, c.member, 10)
	check("her own posts are not unread", got, err, none)
	got, err = w.Unread(w.ctx, c.coach, 10)
	check("a topic she never opened is unread as a whole", got, err, all(2, 1))
	_, err = w.MarkRead(w.ctx, c.coach, topic.ID, 1)
	ok(t, err)
	got, err = w.Unread(w.ctx, c.coach, 10)
	check("from where she stopped", got, err, all(1, 2))

	w.now.Advance(time.Minute)
	w.exec(`INSERT INTO enrolments (id, cohort_id, user_id, attempt, state, enrolled_at) VALUES ($1, $2, $3, 1, 'active', $4)`,
		pg.NewID(), c.cohort, late.ID, w.now.Now())
	got, err = w.Unread(w.ctx, late, 10)
	check("what was said before she came is not unread", got, err, none)
	old, err := w.Topic(w.ctx, late, topic.ID)
	if err != nil || old.UnreadCount != 0 || old.LastReadNumber != 0 {
		t.Errorf("the topic says %+v (%v)", old, err)
	}
	w.replied(c.coach, topic.ID)
	got, err = w.Unread(w.ctx, late, 10)
	check("until it goes on", got, err, all(3, 1))
	got, err = w.Unread(w.ctx, c.coach, 10)
	check("replying is having read", got, err, none)
}

func TestUnreadCountsAllAndShowsTheNewest(t *testing.T) {
	t.Parallel()
	w := inTx(t)
	c := w.circle()
	for range 7 {
		w.now.Advance(time.Second)
		w.replied(c.member, w.opened(c.member, c.space).ID)
	}
	u, err := w.Unread(w.ctx, c.coach, 3)
	ok(t, err)
	if u.TopicsCount != 7 || u.PostsCount != 14 || len(u.Items) != 3 || !u.Items[0].BumpedAt.Equal(w.now.Now()) {
		t.Errorf("unread: %+v", u)
	}
	page, err := w.Topics(w.ctx, c.coach, c.space, "", 10)
	ok(t, err)
	for _, topic := range page.Items {
		if topic.UnreadCount != 2 {
			t.Errorf("the list says %d unread", topic.UnreadCount)
		}
	}
}

func TestAReadPositionOnlyMovesForward(t *testing.T) {
	t.Parallel()
	w := inTx(t)
	c := w.circle()
	topic := w.opened(c.member, c.space)
	for range 4 {
		w.replied(c.member, topic.ID)
	}
	events := func() int {
		return w.number(`SELECT count(*) FROM outbox WHERE type = 'read.moved' AND user_id = $1`, c.coach.ID)
	}
	for _, step := range []struct {
		to, want int64
		events   int
	}{{2, 2, 1}, {1, 2, 1}, {2, 2, 1}, {4, 4, 2}, {99, 5, 3}, {-1, 5, 3}} {
		at, err := w.MarkRead(w.ctx, c.coach, topic.ID, step.to)
		if err != nil || at != step.want || events() != step.events {
			t.Errorf("to %d: at %d, want %d, after %d events (%v)", step.to, at, step.want, events(), err)
		}
	}
	_, err := w.MarkRead(w.ctx, w.person("full"), topic.ID, 1)
	is(t, err, fault.ErrNotFound)
}

func TestManyTabsMarkingReadEndAtTheHighest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t.Context(), pgtest.New(t))
	c := w.circle()
	topic := w.opened(c.member, c.space)
	for range 19 {
		w.replied(c.member, topic.ID)
	}
	var all sync.WaitGroup
	for n := range int64(20) {
		all.Go(func() {
			at, err := w.MarkRead(t.Context(), c.coach, topic.ID, n+1)
			if err != nil || at < n+1 {
				t.Errorf("marked %d, told %d (%v)", n+1, at, err)
			}
		})
	}
	all.Wait()
	after, err := w.Topic(w.ctx, c.coach, topic.ID)
	if err != nil || after.LastReadNumber != 20 {
		t.Errorf("read up to %d (%v)", after.LastReadNumber, err)
	}
}
