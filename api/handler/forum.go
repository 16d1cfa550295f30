package handler

import (
	"context"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/api/openapi"
	"github.com/womens-tech-conservatory/conservatory/internal/forum"
)

// Forum serves spaces, topics, posts and what is unread.
type Forum struct{ Forum *forum.Forum }

// ListSpaces gives the spaces I see.
func (h Forum) ListSpaces(ctx context.Context, _ openapi.ListSpacesRequestObject) (openapi.ListSpacesResponseObject, error) {
	all, err := h.Forum.Spaces(ctx, actor(ctx))
	if err != nil {
		return nil, err
	}
	out := openapi.ListSpaces200JSONResponse{Items: make([]openapi.Space, len(all))}
	for n, s := range all {
		out.Items[n] = spaceOut(s)
	}
	return out, nil
}

// ListTopics gives a page of a space.
func (h Forum) ListTopics(ctx context.Context, in openapi.ListTopicsRequestObject) (openapi.ListTopicsResponseObject, error) {
	page, err := h.Forum.Topics(ctx, actor(ctx), in.ID, in.Params.Cursor, in.Params.Limit)
	if err != nil {
		return nil, err
	}
	out := openapi.ListTopics200JSONResponse{Items: make([]openapi.Topic, len(page.Items)), NextCursor: page.NextCursor}
	for n, t := range page.Items {
		out.Items[n] = topicOut(t)
	}
	return out, nil
}

// CreateTopic opens a topic.
func (h Forum) CreateTopic(ctx context.Context, in openapi.CreateTopicRequestObject) (openapi.CreateTopicResponseObject, error) {
	t, err := h.Forum.Open(ctx, actor(ctx), in.ID, forum.NewTopic{Title: in.Body.Title, Body: in.Body.Body})
	if err != nil {
		return nil, err
	}
	return openapi.CreateTopic201JSONResponse{
		Body: topicOut(t), Headers: openapi.CreateTopic201ResponseHeaders{ETag: t.ETag(), Location: "/v1/topics/" + t.ID.String()},
	}, nil
}

// GetTopic gives one topic.
func (h Forum) GetTopic(ctx context.Context, in openapi.GetTopicRequestObject) (openapi.GetTopicResponseObject, error) {
	t, err := h.Forum.Topic(ctx, actor(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	return openapi.GetTopic200JSONResponse{TopicJSONResponse: topicWhole(t)}, nil
}

// EditTopic gives a topic another title.
func (h Forum) EditTopic(ctx context.Context, in openapi.EditTopicRequestObject) (openapi.EditTopicResponseObject, error) {
	t, err := h.Forum.Rename(ctx, actor(ctx), in.ID, in.Body.Title, in.Params.IfMatch)
	if err != nil {
		return nil, err
	}
	return openapi.EditTopic200JSONResponse{TopicJSONResponse: topicWhole(t)}, nil
}

// DeleteTopic takes a topic away.
func (h Forum) DeleteTopic(ctx context.Context, in openapi.DeleteTopicRequestObject) (openapi.DeleteTopicResponseObject, error) {
	return openapi.DeleteTopic204Response{}, h.Forum.Remove(ctx, actor(ctx), in.ID, in.Params.IfMatch)
}

// ListPosts gives a page of a topic.
func (h Forum) ListPosts(ctx context.Context, in openapi.ListPostsRequestObject) (openapi.ListPostsResponseObject, error) {
	page, err := h.Forum.Posts(ctx, actor(ctx), in.ID, int64(in.Params.From), in.Params.Cursor, in.Params.Limit)
	if err != nil {
		return nil, err
	}
	out := openapi.ListPosts200JSONResponse{Items: make([]openapi.Post, len(page.Items)), NextCursor: page.NextCursor}
	for n, p := range page.Items {
		out.Items[n] = postOut(p)
	}
	return out, nil
}

// Reply adds a post to a topic.
func (h Forum) Reply(ctx context.Context, in openapi.ReplyRequestObject) (openapi.ReplyResponseObject, error) {
	p, err := h.Forum.Reply(ctx, actor(ctx), in.ID, forum.NewPost{Body: in.Body.Body, ReplyTo: int64(in.Body.ReplyTo)})
	if err != nil {
		return nil, err
	}
	return openapi.Reply201JSONResponse{PostJSONResponse: postWhole(p)}, nil
}

// EditPost changes my post.
func (h Forum) EditPost(ctx context.Context, in openapi.EditPostRequestObject) (openapi.EditPostResponseObject, error) {
	p, err := h.Forum.Edit(ctx, actor(ctx), in.ID, in.Body.Body, in.Params.IfMatch)
	if err != nil {
		return nil, err
	}
	return openapi.EditPost200JSONResponse{PostJSONResponse: postWhole(p)}, nil
}

// DeletePost takes a post away.
func (h Forum) DeletePost(ctx context.Context, in openapi.DeletePostRequestObject) (openapi.DeletePostResponseObject, error) {
	return openapi.DeletePost204Response{}, h.Forum.RemovePost(ctx, actor(ctx), in.ID, in.Params.IfMatch)
}

// MarkRead says how far I have read.
func (h Forum) MarkRead(ctx context.Context, in openapi.MarkReadRequestObject) (openapi.MarkReadResponseObject, error) {
	at, err := h.Forum.MarkRead(ctx, actor(ctx), in.ID, int64(in.Body.PostNumber))
	if err != nil {
		return nil, err
	}
	return openapi.MarkRead200JSONResponse{PostNumber: int(at)}, nil
}

// ListUnread tells what I have not read.
func (h Forum) ListUnread(ctx context.Context, in openapi.ListUnreadRequestObject) (openapi.ListUnreadResponseObject, error) {
	u, err := h.Forum.Unread(ctx, actor(ctx), in.Params.Limit)
	if err != nil {
		return nil, err
	}
	out := openapi.ListUnread200JSONResponse{
		TopicsCount: int(u.TopicsCount), PostsCount: int(u.PostsCount), Items: make([]openapi.UnreadTopic, len(u.Items)),
	}
	for n, t := range u.Items {
		out.Items[n] = openapi.UnreadTopic{
			TopicID: t.TopicID, SpaceID: t.SpaceID, Title: t.Title, UnreadCount: int(t.UnreadCount),
			NextPostNumber: int(t.NextPostNumber), BumpedAt: t.BumpedAt,
		}
	}
	return out, nil
}

func spaceOut(s forum.SpaceView) openapi.Space {
	names := s.May.Names()
	out := openapi.Space{
		ID: s.ID, Kind: openapi.SpaceKind(s.Kind), Title: s.Title, CohortID: s.CohortID, TopicsCount: int(s.TopicsCount),
		LastActivityAt: orZero(s.LastActivityAt), May: make([]openapi.Capability, len(names)),
	}
	for n, name := range names {
		out.May[n] = openapi.Capability(name)
	}
	return out
}

func author(id uuid.UUID, name string) openapi.Author {
	return openapi.Author{ID: id, DisplayName: name}
}

func topicOut(t forum.TopicView) openapi.Topic {
	return openapi.Topic{
		ID: t.ID, SpaceID: t.SpaceID, Title: t.Title, Author: author(t.AuthorID, t.AuthorName), PostsCount: int(t.PostsCount),
		HighestPostNumber: int(t.HighestPostNumber), LastReadPostNumber: int(t.LastReadNumber), UnreadCount: int(t.UnreadCount),
		CreatedAt: t.CreatedAt, BumpedAt: t.BumpedAt,
	}
}

func topicWhole(t forum.TopicView) openapi.TopicJSONResponse {
	return openapi.TopicJSONResponse{Body: topicOut(t), Headers: openapi.TopicResponseHeaders{ETag: t.ETag()}}
}

func postOut(p forum.PostView) openapi.Post {
	return openapi.Post{
		ID: p.ID, TopicID: p.TopicID, Number: int(p.Number), Author: author(p.AuthorID, p.AuthorName), Body: p.Body, HTML: p.HTML,
		State: openapi.PostState(p.State), ReplyTo: int(p.ReplyTo), Version: int(p.Version), Etag: p.ETag(),
		CreatedAt: p.CreatedAt, EditedAt: orZero(p.EditedAt),
	}
}

func postWhole(p forum.PostView) openapi.PostJSONResponse {
	return openapi.PostJSONResponse{Body: postOut(p), Headers: openapi.PostResponseHeaders{ETag: p.ETag()}}
}
