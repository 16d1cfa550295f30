package forum

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/outbox"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
	"github.com/womens-tech-conservatory/conservatory/pkg/markdown"
)

func (w *world) block(who, whom account.Actor) {
	w.t.Helper()
	w.exec(`INSERT INTO blocks (user_id, blocked_id, created_at) VALUES ($1, $2, $3)`, who.ID, whom.ID, noon())
}

// told is a topic with posts of ids that two worlds have in common.
type told struct {
	topic  uuid.UUID
	author account.Actor
	posts  []said
}

type said struct {
	id     uuid.UUID
	author account.Actor
	minute int // after noon
	to     int // which of posts it answers, counted from 1; 0: none
	gone   bool
}

// tell writes a topic as those who are left out were never there, or with
// them: numbers follow one another in each world.
func (w *world) tell(space uuid.UUID, topics []told, without uuid.UUID) {
	w.t.Helper()
	for _, t := range topics {
		if t.author.ID == without {
			continue
		}
		numbers, count, shown, last := map[int]int{}, 0, 0, noon()
		w.exec(`INSERT INTO topics (id, space_id, author_id, title, highest_post_number, posts_count, version, created_at, bumped_at) VALUES ($1, $2, $3, 'A topic', 0, 0, 1, $4, $4)`,
			t.topic, space, t.author.ID, noon().Add(time.Duration(t.posts[0].minute)*time.Minute))
		for n, p := range t.posts {
			if p.author.ID == without {
				continue
			}
			count++
			numbers[n+1] = count
			at := noon().Add(time.Duration(p.minute) * time.Minute)
			last = at
			state := Shown
			if p.gone {
				state = Deleted
			} else {
				shown++
			}
			var to *int
			if number, there := numbers[p.to]; there {
				to = &number
			}
			w.exec(`INSERT INTO posts (id, topic_id, space_id, author_id, number, reply_to, body, html, render_version, state, version, created_at)
				VALUES ($1, $2, $3, $4, $5, $6, 'Text', '<p>Text</p>', $7, $8, 1, $9)`, p.id, t.topic, space, p.author.ID, count, to, markdown.Version, string(state), at)
		}
		w.exec(`UPDATE topics SET highest_post_number = $2, posts_count = $3, bumped_at = $4 WHERE id = $1`, t.topic, count, shown, last)
		w.exec(`UPDATE spaces SET topics_count = topics_count + 1, last_activity_at = greatest(last_activity_at, $2) WHERE id = $1`, space, last)
	}
}

func (w *world) forget(space uuid.UUID) {
	w.t.Helper()
	for _, sql := range []string{
		`DELETE FROM topic_reads WHERE topic_id IN (SELECT id FROM topics WHERE space_id = $1)`, `DELETE FROM posts WHERE space_id = $1`, `DELETE FROM topics WHERE space_id = $1`,
		`UPDATE spaces SET topics_count = 0, last_activity_at = NULL WHERE id = $1`,
	} {
		w.exec(sql, space)
	}
}

// pair is a cohort in which two do not want to meet: nina writes everywhere
// that maria looks.
func (w *world) pair() (c circle, nina account.Actor, topics []told) {
	w.t.Helper()
	c, nina = w.circle(), w.person("full")
	cleo := w.person("full")
	w.seat(nina, c.cohort, "active")
	w.seat(cleo, c.cohort, "active")
	maria := c.member
	post := func(who account.Actor, minute, to int) said {
		return said{id: uuid.New(), author: who, minute: minute, to: to}
	}
	gone := func(p said) said { p.gone = true; return p }
	topics = []told{
		{uuid.New(), cleo, []said{post(cleo, 1, 0), post(nina, 2, 1), post(maria, 3, 2), gone(post(nina, 4, 3)), post(cleo, 5, 3), post(nina, 60, 0)}},
		{uuid.New(), maria, []said{post(maria, 6, 0), post(nina, 7, 1)}},
		{uuid.New(), nina, []said{post(nina, 8, 0), post(maria, 9, 1), post(cleo, 70, 0)}},
		{uuid.New(), cleo, []said{post(cleo, 10, 0), post(maria, 11, 0), gone(post(cleo, 12, 1))}},
		{uuid.New(), maria, []said{post(maria, 13, 0), post(nina, 14, 0), post(nina, 15, 2), post(cleo, 16, 3), post(cleo, 17, 4)}},
		{uuid.New(), cleo, []said{post(cleo, 18, 0)}},
	}
	return c, nina, topics
}

func ids(topics []told) []uuid.UUID {
	var all []uuid.UUID
	for _, t := range topics {
		all = append(all, t.topic)
	}
	return all
}

func TestTwoWorldsOfABlock(t *testing.T) {
	t.Parallel()
	for name, turned := range map[string]bool{"the one who blocked": false, "the one who is blocked": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := inTx(t)
			c, nina, topics := w.pair()
			viewer, hidden := c.member, nina
			w.block(c.member, nina)
			if turned {
				viewer, hidden = nina, c.member
			}
			look := func(without uuid.UUID, marks map[int]int64) string {
				w.forget(c.space)
				w.tell(c.space, topics, without)
				for n, number := range marks {
					if _, err := w.MarkRead(w.ctx, viewer, topics[n].topic, number); err != nil {
						is(t, err, fault.ErrNotFound)
					}
				}
				return w.everything(viewer, []uuid.UUID{c.space}, ids(topics))
			}
			for _, marks := range []map[int]int64{{}, {0: 1}, {0: 2, 4: 2}, {0: 99, 1: 1, 2: 1, 4: 3}} {
				if diff := cmp.Diff(look(hidden.ID, marks), look(uuid.Nil, marks)); diff != "" {
					t.Errorf("having read %v, can tell (-without +with):\n%s", marks, diff)
				}
			}
			for from := range int64(6) {
				page := func(without uuid.UUID) []PostView {
					look(without, nil)
					p, err := w.Posts(w.ctx, viewer, topics[4].topic, from, "", 10)
					if turned {
						is(t, err, fault.ErrNotFound)
						return nil
					}
					ok(t, err)
					return p.Items
				}
				if diff := cmp.Diff(page(hidden.ID), page(uuid.Nil), cmp.AllowUnexported(PostView{})); diff != "" {
					t.Errorf("from %d:\n%s", from, diff)
				}
			}
		})
	}
}

func TestABlockRestsOnDuty(t *testing.T) {
	t.Parallel()
	w := inTx(t)
	c, nina, topics := w.pair()
	w.tell(c.space, topics, uuid.Nil)
	before := w.everything(c.coach, []uuid.UUID{c.space}, ids(topics))
	w.block(c.member, c.coach)
	w.block(nina, c.coach)
	w.block(c.coach, c.member) // from before she was a coach
	if diff := cmp.Diff(before, w.everything(c.coach, []uuid.UUID{c.space}, ids(topics))); diff != "" {
		t.Errorf("the coach no longer sees:\n%s", diff)
	}
}

func TestWritingBesideSomebodyHidden(t *testing.T) {
	t.Parallel()
	w := inTx(t)
	c, nina, topics := w.pair()
	w.tell(c.space, topics, uuid.Nil)
	w.block(nina, c.member)
	maria := c.member

	t.Run("she answers by the numbers she sees", func(t *testing.T) {
		p, err := w.Reply(w.ctx, maria, topics[0].topic, NewPost{Body: "Hello", ReplyTo: 3}) // the fifth post
		ok(t, err)
		if p.Number != 4 || p.ReplyTo != 3 {
			t.Errorf("number %d in answer to %d", p.Number, p.ReplyTo)
		}
		if n := w.number(`SELECT reply_to FROM posts WHERE id = $1`, p.ID); n != 5 {
			t.Errorf("stored as an answer to %d", n)
		}
		edited, err := w.Edit(w.ctx, maria, p.ID, "Hello again", "*")
		ok(t, err)
		if edited.Number != 4 || edited.ReplyTo != 3 {
			t.Errorf("after an edit: number %d in answer to %d", edited.Number, edited.ReplyTo)
		}
		at, err := w.MarkRead(w.ctx, maria, topics[0].topic, 99)
		ok(t, err)
		if at != 4 {
			t.Errorf("read up to %d", at)
		}
	})

	t.Run("what is hidden can neither be answered nor touched", func(t *testing.T) {
		_, err := w.Reply(w.ctx, maria, topics[2].topic, NewPost{Body: "Hello"})
		is(t, err, fault.ErrNotFound)
		_, err = w.MarkRead(w.ctx, maria, topics[2].topic, 1)
		is(t, err, fault.ErrNotFound)
		is(t, w.RemovePost(w.ctx, maria, topics[0].posts[1].id, ""), fault.ErrNotFound)
		_, err = w.Rename(w.ctx, maria, topics[2].topic, "Another", "*")
		is(t, err, fault.ErrNotFound)
	})

	t.Run("an answer she does not see keeps no topic from going", func(t *testing.T) {
		ok(t, w.Remove(w.ctx, maria, topics[1].topic, ""))
		is(t, w.Remove(w.ctx, maria, topics[4].topic, ""), ErrAnswered)
	})
}

// Were a number made of what was there before, a gap would tell of the other.
func TestNumbersHaveNoGapsWhileSomebodyHiddenWritesToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t.Context(), pgtest.New(t))
	c, nina, _ := w.pair()
	topic, err := w.Open(w.ctx, c.coach, c.space, NewTopic{"How was your week?", "Tell."})
	ok(t, err)
	w.block(c.member, nina)
	const rounds = 60
	var writing sync.WaitGroup
	writing.Go(func() {
		for range 2 * rounds {
			if _, err := w.Reply(w.ctx, nina, topic.ID, NewPost{Body: "Nina"}); err != nil {
				t.Error(err)
			}
		}
	})
	for n := range rounds {
		p, err := w.Reply(w.ctx, c.member, topic.ID, NewPost{Body: "Maria"})
		if ok(t, err); p.Number != int64(n+2) {
			t.Errorf("her post %d has number %d", n+2, p.Number)
		}
		at, err := w.MarkRead(w.ctx, c.member, topic.ID, 999)
		if ok(t, err); at != int64(n+2) {
			t.Errorf("of %d posts she has read %d", n+2, at)
		}
	}
	writing.Wait()
}

func TestEventsOfSomebodyHiddenAreNotHers(t *testing.T) {
	t.Parallel()
	w := inTx(t)
	c, nina, topics := w.pair()
	w.tell(c.space, topics, uuid.Nil)
	_, _, sift, err := w.Visible(w.ctx, c.member)
	ok(t, err)
	if sift != nil {
		t.Error("nobody is hidden, and events are asked about")
	}
	w.block(c.member, nina)
	_, _, sift, err = w.Visible(w.ctx, c.member)
	ok(t, err)
	for what, e := range map[string]struct {
		event outbox.Event
		want  int64 // her number; -1: not for her
	}{
		"a post of the other":           {outbox.Event{TopicID: topics[0].topic, PostID: topics[0].posts[1].id, PostNumber: 2}, -1},
		"a post behind it":              {outbox.Event{TopicID: topics[0].topic, PostID: topics[0].posts[4].id, PostNumber: 5}, 3},
		"a post in the other's topic":   {outbox.Event{TopicID: topics[2].topic, PostID: topics[2].posts[2].id, PostNumber: 3}, -1},
		"the other's topic goes":        {outbox.Event{TopicID: topics[2].topic}, -1},
		"her own position behind it":    {outbox.Event{TopicID: topics[4].topic, UserID: c.member.ID, PostNumber: 4}, 2},
		"a topic nobody hidden touched": {outbox.Event{TopicID: topics[3].topic, PostID: topics[3].posts[1].id, PostNumber: 2}, 2},
		"what is about no topic":        {outbox.Event{UserID: c.member.ID}, 0},
	} {
		got, hers, err := sift(w.ctx, e.event)
		ok(t, err)
		if hers != (e.want >= 0) || (hers && got.PostNumber != e.want) {
			t.Errorf("%s: hers %v, number %d", what, hers, got.PostNumber)
		}
	}
}

func TestGaps(t *testing.T) {
	t.Parallel()
	g := parseGaps("{2,3,6}")
	stored := []int64{1, 4, 5, 7, 8}
	for n, number := range stored {
		if seen := g.seen(number); seen != int64(n+1) || g.real(seen) != number {
			t.Errorf("%d is seen as %d, which is %d", number, seen, g.real(seen))
		}
	}
	if !slices.Equal(parseGaps(""), nil) || !slices.Equal(parseGaps("{}"), nil) {
		t.Error("nothing is read as something")
	}
}
