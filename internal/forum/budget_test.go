package forum

import (
	"context"
	"testing"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// Authentication costs one statement more.
func TestStatementBudgets(t *testing.T) {
	t.Parallel()
	w := inTx(t)
	c := w.circle()
	for range 12 {
		w.replied(c.coach, w.opened(c.member, c.space).ID)
	}
	topic := w.opened(c.member, c.space)
	post := w.replied(c.member, topic.ID)
	for _, b := range []struct {
		name string
		most int
		call func(context.Context) error
	}{
		{"unread", 1, func(ctx context.Context) error { _, err := w.Unread(ctx, c.member, 30); return err }},
		{"spaces", 1, func(ctx context.Context) error { _, err := w.Spaces(ctx, c.member); return err }},
		{"topics", 2, func(ctx context.Context) error { _, err := w.Topics(ctx, c.member, c.space, "", 30); return err }},
		{"topic", 2, func(ctx context.Context) error { _, err := w.Topic(ctx, c.member, topic.ID); return err }},
		{"posts", 2, func(ctx context.Context) error { _, err := w.Posts(ctx, c.member, topic.ID, 1, "", 30); return err }},
		{"reply", 2, func(ctx context.Context) error {
			_, err := w.Reply(ctx, c.member, topic.ID, NewPost{Body: "Hi"})
			return err
		}},
		{"reply to a post", 2, func(ctx context.Context) error {
			_, err := w.Reply(ctx, c.member, topic.ID, NewPost{Body: "Hi", ReplyTo: 1})
			return err
		}},
		{"open", 2, func(ctx context.Context) error {
			_, err := w.Open(ctx, c.member, c.space, NewTopic{Title: "Hello", Body: "Hi"})
			return err
		}},
		{"mark read", 2, func(ctx context.Context) error { _, err := w.MarkRead(ctx, c.coach, topic.ID, 2); return err }},
		{"rename", 4, func(ctx context.Context) error { _, err := w.Rename(ctx, c.member, topic.ID, "Hello", "*"); return err }},
		{"edit", 4, func(ctx context.Context) error { _, err := w.Edit(ctx, c.member, post.ID, "Hi", "*"); return err }},
		{"remove a post", 4, func(ctx context.Context) error { return w.RemovePost(ctx, c.member, post.ID, "") }},
		{"remove", 5, func(ctx context.Context) error { return w.Remove(ctx, c.member, topic.ID, "") }},
	} {
		ctx, counted := pg.Count(w.ctx)
		ok(t, b.call(ctx))
		if counted.N() > b.most || counted.N() == 0 {
			t.Errorf("%s takes %d statements, at most %d", b.name, counted.N(), b.most)
		}
	}
}
