package forum

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
)

// UnreadTopic is a topic with posts she has not read.
type UnreadTopic struct {
	TopicID        uuid.UUID
	SpaceID        uuid.UUID
	Title          string
	UnreadCount    int64
	NextPostNumber int64 // the first post she has not read
	BumpedAt       time.Time
}

// Unread is what she has not read: numbers of all, and the newest of them.
type Unread struct {
	TopicsCount int64 // counted up to 500
	PostsCount  int64 // in those topics
	Items       []UnreadTopic
}

// Unread tells what she has not read in the spaces she sees, the most recently
// active topic first, up to limit of them. What last moved before she came is
// not unread, nor are her own posts. One statement.
func (f *Forum) Unread(ctx context.Context, who account.Actor, limit int) (Unread, error) {
	return f.unread(ctx, who.ID, f.clock.Now(), size(limit))
}

// MarkRead moves her read position forward to number, at most to the last
// post, and answers where it is now. Going back changes nothing. Fault:
// fault.ErrNotFound.
func (f *Forum) MarkRead(ctx context.Context, who account.Actor, topicID uuid.UUID, number int64) (int64, error) {
	scope, err := f.scope(ctx, who)
	if err != nil {
		return 0, err
	}
	hidden, _, err := f.gaps(ctx, scope, topicID, uuid.Nil)
	if err != nil {
		return 0, err
	}
	at, moved, err := f.moveRead(ctx, scope, topicID, hidden.real(number), f.clock.Now())
	switch {
	case err != nil:
		return 0, err
	case !moved:
		return f.readPosition(ctx, scope, topicID)
	}
	// Once more: somebody hidden may have written meanwhile.
	hidden, _, err = f.gaps(ctx, scope, topicID, uuid.Nil)
	return hidden.seen(at), err
}
