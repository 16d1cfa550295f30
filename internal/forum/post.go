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

// PostState says whether a post can still be read.
type PostState string

// The states of a post.
const (
	Shown   PostState = "visible"
	Deleted PostState = "deleted"
)

// PostView is a post as readers see it. One that was taken away keeps its
// number and has neither Body nor HTML.
type PostView struct {
	ID         uuid.UUID
	TopicID    uuid.UUID
	SpaceID    uuid.UUID
	AuthorID   uuid.UUID
	AuthorName string
	Number     int64
	ReplyTo    int64 // 0: none
	Body       string
	HTML       string
	State      PostState
	Version    int64
	CreatedAt  time.Time
	EditedAt   *time.Time
}

// ETag names the version, for If-Match.
func (p PostView) ETag() string { return `"p` + strconv.FormatInt(p.Version, 10) + `"` }

// NewPost is what Reply needs. Body is Markdown; ReplyTo the number of the
// post it answers, or 0.
type NewPost struct {
	Body    string
	ReplyTo int64
}

type postPosition struct {
	Number int64 `json:"n"`
}

// Posts lists a topic by number, up to limit posts from number from, or from
// where cursor ended. Two statements. Faults: fault.ErrNotFound,
// fault.ErrCursor.
func (f *Forum) Posts(ctx context.Context, who account.Actor, topicID uuid.UUID, from int64, cursor string, limit int) (Page[PostView], error) {
	var page Page[PostView]
	limit = size(limit)
	scope, err := f.scope(ctx, who)
	if err != nil {
		return page, err
	}
	list := "posts/" + topicID.String() + "/" + who.ID.String()
	at := postPosition{max(from, 1)}
	if cursor != "" && f.cursors.Open(list, cursor, &at) != nil {
		return page, fault.ErrCursor
	}
	page.Items, err = f.posts(ctx, scope, topicID, at.Number, limit+1)
	if err != nil {
		return page, err
	}
	if len(page.Items) > limit {
		next := postPosition{page.Items[limit].Number}
		page.Items = page.Items[:limit]
		if page.NextCursor, err = f.cursors.Seal(list, next); err != nil {
			return page, fmt.Errorf("seal a cursor: %w", err)
		}
	}
	return page, nil
}

// Reply adds a post to a topic and moves her read position to it. Two
// statements, or four where somebody is hidden from her. Faults: fault.ErrNotFound, fault.ErrNotAllowed,
// fault.ErrInvalid.
func (f *Forum) Reply(ctx context.Context, who account.Actor, topicID uuid.UUID, n NewPost) (PostView, error) {
	html, invalid := render(n.Body)
	scope, err := f.scope(ctx, who)
	if err != nil {
		return PostView{}, err
	}
	if invalid != nil {
		return PostView{}, f.whyNoReply(ctx, scope, topicID, invalid)
	}
	p := PostView{
		ID: pg.NewID(), TopicID: topicID, AuthorID: who.ID, ReplyTo: n.ReplyTo, Body: n.Body, HTML: html,
		State: Shown, Version: 1, CreatedAt: f.clock.Now(),
	}
	hidden, _, err := f.gaps(ctx, scope, topicID, uuid.Nil)
	if err != nil {
		return PostView{}, err
	}
	p.ReplyTo = hidden.real(n.ReplyTo)
	done, err := f.insertReply(ctx, scope, &p)
	if err != nil {
		return PostView{}, err
	}
	if !done {
		unknown := fault.InvalidField("/reply_to", "reply-to-unknown", "There is no post with this number in the topic.")
		return PostView{}, f.whyNoReply(ctx, scope, topicID, unknown)
	}
	// Once more: somebody hidden may have been faster.
	hidden, _, err = f.gaps(ctx, scope, topicID, uuid.Nil)
	return hidden.of(p), err
}

// whyNoReply lets nobody learn from a fault in what she sent whether a topic
// exists: what she cannot see comes first, then what she may not do.
func (f *Forum) whyNoReply(ctx context.Context, scope Scope, topicID uuid.UUID, otherwise error) error {
	t, err := f.topic(ctx, scope, topicID, reading)
	switch {
	case err != nil:
		return err
	case !scope.spaces[t.SpaceID].May.Reply:
		return fault.ErrNotAllowed
	}
	return otherwise
}

// Edit changes the text of her own post; the former one is kept as a revision.
// Faults: fault.ErrNotFound, fault.ErrNotAllowed, fault.ErrInvalid,
// fault.ErrIfMatchRequired, fault.ErrStale.
func (f *Forum) Edit(ctx context.Context, who account.Actor, id uuid.UUID, body, ifMatch string) (PostView, error) {
	html, invalid := render(body)
	var p PostView
	scope, err := f.changePost(ctx, who, id, func(ctx context.Context, m May, found PostView) error {
		p = found
		switch {
		case p.State == Deleted:
			return fault.ErrNotFound
		case p.AuthorID != who.ID || !m.Reply:
			return fault.ErrNotAllowed
		}
		if err := match(ifMatch, p.ETag(), true); err != nil {
			return err
		}
		if invalid != nil {
			return invalid
		}
		now := f.clock.Now()
		p.Body, p.HTML, p.EditedAt = body, html, &now
		p.Version++
		if err := f.revise(ctx, who.ID, p, now); err != nil {
			return err
		}
		return f.announcePost(ctx, "post.updated", p)
	})
	if err != nil {
		return PostView{}, err
	}
	hidden, _, err := f.gaps(ctx, scope, p.TopicID, uuid.Nil)
	return hidden.of(p), err
}

// RemovePost takes a post away; readers see that it was there. Its author may,
// and those who lead the space; twice is once. If-Match is heeded when given.
// Faults: fault.ErrNotFound, fault.ErrNotAllowed, fault.ErrStale,
// ErrOpensTopic.
func (f *Forum) RemovePost(ctx context.Context, who account.Actor, id uuid.UUID, ifMatch string) error {
	_, err := f.changePost(ctx, who, id, func(ctx context.Context, m May, p PostView) error {
		mine := p.AuthorID == who.ID
		switch {
		case !mayChange(m, mine):
			return fault.ErrNotAllowed
		case p.Number == 1:
			return ErrOpensTopic
		}
		if err := match(ifMatch, p.ETag(), false); err != nil || p.State == Deleted {
			return err
		}
		p.Body, p.HTML, p.State = "", "", Deleted
		p.Version++
		if err := f.revise(ctx, who.ID, p, f.clock.Now()); err != nil {
			return err
		}
		if err := f.announcePost(ctx, "post.deleted", p); err != nil || mine {
			return err
		}
		return f.log.Record(ctx, audit.Entry{
			ActorID: who.ID, Action: "post.delete", TargetKind: "post", TargetID: id.String(), SubjectID: p.AuthorID,
			Detail: map[string]string{"space_id": p.SpaceID.String(), "topic_id": p.TopicID.String()},
		})
	})
	return err
}

func (f *Forum) changePost(ctx context.Context, who account.Actor, id uuid.UUID, change func(context.Context, May, PostView) error) (Scope, error) {
	scope, err := f.scope(ctx, who)
	if err != nil {
		return scope, err
	}
	return scope, f.db.InTx(ctx, func(ctx context.Context) error {
		p, err := f.lockPost(ctx, scope, id)
		if err != nil {
			return err
		}
		return change(ctx, scope.spaces[p.SpaceID].May, p)
	})
}

func (f *Forum) announcePost(ctx context.Context, event string, p PostView) error {
	return f.outbox.Publish(ctx, outbox.Event{
		Type: event, SpaceID: p.SpaceID, TopicID: p.TopicID, PostID: p.ID, PostNumber: p.Number, Version: p.Version,
	})
}
