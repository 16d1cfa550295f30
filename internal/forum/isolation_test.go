package forum

import (
	"context"
	"errors"
	"maps"
	"testing"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
)

// attempt is one way to reach a topic, its space or its reply.
type attempt func(ctx context.Context, w *world, who account.Actor, space, topic, post uuid.UUID) error

func attempts() map[string]attempt {
	all := attemptsAtTopics()
	maps.Copy(all, attemptsAtPosts())
	return all
}

func attemptsAtTopics() map[string]attempt {
	return map[string]attempt{
		"list its space": func(ctx context.Context, w *world, who account.Actor, space, _, _ uuid.UUID) error {
			_, err := w.Topics(ctx, who, space, "", 10)
			return err
		},
		"open a topic beside it": func(ctx context.Context, w *world, who account.Actor, space, _, _ uuid.UUID) error {
			_, err := w.Open(ctx, who, space, NewTopic{Title: "Hello", Body: "Hello"})
			return err
		},
		"read it": func(ctx context.Context, w *world, who account.Actor, _, topic, _ uuid.UUID) error {
			_, err := w.Topic(ctx, who, topic)
			return err
		},
		"rename it": func(ctx context.Context, w *world, who account.Actor, _, topic, _ uuid.UUID) error {
			_, err := w.Rename(ctx, who, topic, "Mine now", `"t1"`)
			return err
		},
		"rename it without a version": func(ctx context.Context, w *world, who account.Actor, _, topic, _ uuid.UUID) error {
			_, err := w.Rename(ctx, who, topic, "", "")
			return err
		},
		"remove it": func(ctx context.Context, w *world, who account.Actor, _, topic, _ uuid.UUID) error {
			return w.Remove(ctx, who, topic, "")
		},
	}
}

func attemptsAtPosts() map[string]attempt {
	return map[string]attempt{
		"read its posts": func(ctx context.Context, w *world, who account.Actor, _, topic, _ uuid.UUID) error {
			_, err := w.Posts(ctx, who, topic, 1, "", 10)
			return err
		},
		"read behind its posts": func(ctx context.Context, w *world, who account.Actor, _, topic, _ uuid.UUID) error {
			_, err := w.Posts(ctx, who, topic, 1000, "", 10)
			return err
		},
		"reply to it": func(ctx context.Context, w *world, who account.Actor, _, topic, _ uuid.UUID) error {
			_, err := w.Reply(ctx, who, topic, NewPost{Body: "Hello"})
			return err
		},
		"reply to its post": func(ctx context.Context, w *world, who account.Actor, _, topic, _ uuid.UUID) error {
			_, err := w.Reply(ctx, who, topic, NewPost{Body: "Hello", ReplyTo: 2})
			return err
		},
		"reply with nothing": func(ctx context.Context, w *world, who account.Actor, _, topic, _ uuid.UUID) error {
			_, err := w.Reply(ctx, who, topic, NewPost{})
			return err
		},
		"mark it read": func(ctx context.Context, w *world, who account.Actor, _, topic, _ uuid.UUID) error {
			_, err := w.MarkRead(ctx, who, topic, 1)
			return err
		},
		"edit its post": func(ctx context.Context, w *world, who account.Actor, _, _, post uuid.UUID) error {
			_, err := w.Edit(ctx, who, post, "Mine now", `"p1"`)
			return err
		},
		"edit its post without a version": func(ctx context.Context, w *world, who account.Actor, _, _, post uuid.UUID) error {
			_, err := w.Edit(ctx, who, post, "", "")
			return err
		},
		"remove its post": func(ctx context.Context, w *world, who account.Actor, _, _, post uuid.UUID) error {
			return w.RemovePost(ctx, who, post, "")
		},
	}
}

func TestWhatSheDoesNotSeeIsNotThere(t *testing.T) {
	t.Parallel()
	w := inTx(t)
	one, other := w.circle(), w.circle()
	topic := w.opened(one.member, one.space)
	post := w.replied(one.coach, topic.ID)

	left, unpaid, lapsed := w.person("full"), w.person("none"), w.person("full")
	w.seat(left, one.cohort, "withdrawn")
	w.seat(unpaid, one.cohort, "active")
	w.seat(lapsed, one.cohort, "active")
	past := noon().Add(-1)
	w.access(lapsed, "full", &past)
	strangers := map[string]account.Actor{
		"a member of another cohort": other.member, "its coach": other.coach, "one who left": left, "one who never paid": unpaid,
		"one whose membership is over": lapsed, "an admin": w.person("full", account.Admin), "a moderator": w.person("full", account.Moderator),
		"nobody": {},
	}
	before := w.number(`SELECT count(*) FROM outbox`) + w.number(`SELECT count(*) FROM topic_reads`)
	for name, who := range strangers {
		for what, try := range attempts() {
			hidden := try(w.ctx, w, who, one.space, topic.ID, post.ID)
			absent := try(w.ctx, w, who, uuid.New(), uuid.New(), uuid.New())
			if !errors.Is(hidden, fault.ErrNotFound) || hidden.Error() != absent.Error() || fault.From(hidden) != fault.From(absent) {
				t.Errorf("%s tries to %s: %v; were it not there: %v", name, what, hidden, absent)
			}
		}
		if u, err := w.Unread(w.ctx, who, 10); err != nil || u.TopicsCount != 0 || u.PostsCount != 0 || len(u.Items) != 0 {
			t.Errorf("%s has %+v unread (%v)", name, u, err)
		}
	}
	if after := w.number(`SELECT count(*) FROM outbox`) + w.number(`SELECT count(*) FROM topic_reads`); after != before {
		t.Errorf("the attempts left %d rows", after-before)
	}
	for what, try := range attempts() {
		if err := try(w.ctx, w, one.member, one.space, topic.ID, post.ID); errors.Is(err, fault.ErrNotFound) && what != "remove it" {
			// Each attempt is a real one: a member of the cohort gets to the object itself.
			if _, gone := w.Topic(w.ctx, one.member, topic.ID); gone == nil {
				t.Errorf("a member cannot %s: %v", what, err)
			}
		}
	}
}

func TestOneWhoOnlyReadsChangesNothing(t *testing.T) {
	t.Parallel()
	w := inTx(t)
	c := w.circle()
	alumna := w.person("full")
	w.seat(alumna, c.cohort, "completed")
	topic := w.opened(c.member, c.space)
	post := w.replied(c.coach, topic.ID)
	for what, try := range attempts() {
		err := try(w.ctx, w, alumna, c.space, topic.ID, post.ID)
		switch what {
		case "list its space", "read it", "read its posts", "read behind its posts", "mark it read":
			if err != nil {
				t.Errorf("%s: %v", what, err)
			}
		default:
			if !errors.Is(err, fault.ErrNotAllowed) {
				t.Errorf("%s: %v, want not-allowed", what, err)
			}
		}
	}
}
