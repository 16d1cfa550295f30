package forum

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/audit"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/outbox"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// TopicView is a topic as one person sees it.
type TopicView struct {
	ID                uuid.UUID
	SpaceID           uuid.UUID
	AuthorID          uuid.UUID
	AuthorName        string
	Title             string
	PostsCount        int64
	HighestPostNumber int64
	LastReadNumber    int64
	UnreadCount       int64 `gorm:"-"`
	Version           int64
	CreatedAt         time.Time
	BumpedAt          time.Time
}

// ETag names the version, for If-Match. Replies do not change it.
func (t TopicView) ETag() string { return `"t` + strconv.FormatInt(t.Version, 10) + `"` }

// seenFrom fills in what is unread: nothing in a topic that last moved before
// she came.
func (t TopicView) seenFrom(s SpaceView) TopicView {
	if !t.BumpedAt.Before(s.Since) {
		t.UnreadCount = max(t.HighestPostNumber-t.LastReadNumber, 0)
	}
	return t
}

// NewTopic is what Open needs; Body is Markdown.
type NewTopic struct{ Title, Body string }

type topicPosition struct {
	At time.Time `json:"a"`
	ID uuid.UUID `json:"i"`
}

// Topics lists a space, the most recently active topic first, up to limit of
// them behind cursor. Two statements. A topic that becomes active while
// somebody pages moves to the front; no page shows it a second time. Faults:
// fault.ErrNotFound, fault.ErrCursor.
func (f *Forum) Topics(ctx context.Context, who account.Actor, spaceID uuid.UUID, cursor string, limit int) (Page[TopicView], error) {
	var page Page[TopicView]
	limit = size(limit)
	scope, err := f.scope(ctx, who)
	if err != nil {
		return page, err
	}
	space, err := scope.space(spaceID)
	if err != nil {
		return page, err
	}
	list := "topics/" + spaceID.String() + "/" + who.ID.String()
	from := topicPosition{At: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), ID: uuid.Max}
	if cursor != "" && f.cursors.Open(list, cursor, &from) != nil {
		return page, fault.ErrCursor
	}
	page.Items, err = f.topics(ctx, scope, spaceID, from, limit+1)
	if err != nil {
		return page, err
	}
	if len(page.Items) > limit {
		page.Items = page.Items[:limit]
		last := page.Items[limit-1]
		if page.NextCursor, err = f.cursors.Seal(list, topicPosition{last.BumpedAt, last.ID}); err != nil {
			return page, fmt.Errorf("seal a cursor: %w", err)
		}
	}
	for n := range page.Items {
		page.Items[n] = page.Items[n].seenFrom(space)
	}
	return page, nil
}

// Topic gives one topic. Two statements. Fault: fault.ErrNotFound.
func (f *Forum) Topic(ctx context.Context, who account.Actor, id uuid.UUID) (TopicView, error) {
	scope, err := f.scope(ctx, who)
	if err != nil {
		return TopicView{}, err
	}
	return f.topic(ctx, scope, id, reading)
}

// Open begins a topic with its post number 1, which she has read. Two
// statements. Faults: fault.ErrNotFound, fault.ErrNotAllowed,
// fault.ErrInvalid.
func (f *Forum) Open(ctx context.Context, who account.Actor, spaceID uuid.UUID, n NewTopic) (TopicView, error) {
	scope, err := f.scope(ctx, who)
	if err != nil {
		return TopicView{}, err
	}
	space, err := scope.space(spaceID)
	if err != nil {
		return TopicView{}, err
	}
	if !space.May.Create {
		return TopicView{}, fault.ErrNotAllowed
	}
	if n.Title, err = cleanTitle(n.Title); err != nil {
		return TopicView{}, err
	}
	html, err := render(n.Body)
	if err != nil {
		return TopicView{}, err
	}
	now := f.clock.Now()
	t := TopicView{
		ID: pg.NewID(), SpaceID: spaceID, AuthorID: who.ID, Title: n.Title, PostsCount: 1, HighestPostNumber: 1, LastReadNumber: 1,
		Version: 1, CreatedAt: now, BumpedAt: now,
	}
	t.AuthorName, err = f.insertTopic(ctx, scope, t, n.Body, html)
	return t, err
}

// Rename gives a topic another title. Its author may, and those who lead the
// space. Faults: fault.ErrNotFound, fault.ErrNotAllowed, fault.ErrInvalid,
// fault.ErrIfMatchRequired, fault.ErrStale.
func (f *Forum) Rename(ctx context.Context, who account.Actor, id uuid.UUID, title, ifMatch string) (TopicView, error) {
	var t TopicView
	err := f.changeTopic(ctx, who, id, func(ctx context.Context, _ Scope, found TopicView) (err error) {
		t = found
		if err := match(ifMatch, t.ETag(), true); err != nil {
			return err
		}
		if t.Title, err = cleanTitle(title); err != nil {
			return err
		}
		t.Version++
		if err := f.updateTitle(ctx, t); err != nil {
			return err
		}
		return f.announce(ctx, "topic.updated", t)
	}, "topic.rename")
	return t, err
}

// Remove takes a topic away. Its author may while nobody else has replied,
// those who lead the space always; If-Match is heeded when given. Faults:
// fault.ErrNotFound, fault.ErrNotAllowed, fault.ErrStale, ErrAnswered.
func (f *Forum) Remove(ctx context.Context, who account.Actor, id uuid.UUID, ifMatch string) error {
	return f.changeTopic(ctx, who, id, func(ctx context.Context, scope Scope, t TopicView) error {
		if err := match(ifMatch, t.ETag(), false); err != nil {
			return err
		}
		if !scope.spaces[t.SpaceID].May.Lead {
			answered, err := f.answered(ctx, scope, t)
			switch {
			case err != nil:
				return err
			case answered:
				return ErrAnswered
			}
		}
		t.Version++
		if err := f.deleteTopic(ctx, t, f.clock.Now()); err != nil {
			return err
		}
		return f.announce(ctx, "topic.deleted", t)
	}, "topic.delete")
}

// changeTopic locks a topic she may change and runs change on it. What she
// does to somebody else's topic is recorded as act.
func (f *Forum) changeTopic(ctx context.Context, who account.Actor, id uuid.UUID, change func(context.Context, Scope, TopicView) error, act string) error {
	scope, err := f.scope(ctx, who)
	if err != nil {
		return err
	}
	return f.db.InTx(ctx, func(ctx context.Context) error {
		t, err := f.topic(ctx, scope, id, locking)
		if err != nil {
			return err
		}
		mine := t.AuthorID == who.ID
		if !mayChange(scope.spaces[t.SpaceID].May, mine) {
			return fault.ErrNotAllowed
		}
		if err := change(ctx, scope, t); err != nil || mine {
			return err
		}
		return f.log.Record(ctx, audit.Entry{
			ActorID: who.ID, Action: act, TargetKind: "topic", TargetID: id.String(), SubjectID: t.AuthorID,
			Detail: map[string]string{"space_id": t.SpaceID.String()},
		})
	})
}

func (f *Forum) announce(ctx context.Context, event string, t TopicView) error {
	return f.outbox.Publish(ctx, outbox.Event{Type: event, SpaceID: t.SpaceID, TopicID: t.ID, Version: t.Version})
}
