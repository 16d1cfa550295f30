package forum

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/pkg/markdown"
)

// The read marker is looked up per topic, LIMIT 1 keeps the planner from
// scanning all markers of a heavy reader instead.
const markerSQL = `
LEFT JOIN LATERAL (SELECT last_read_number FROM topic_reads WHERE user_id = @viewer AND topic_id = t.id LIMIT 1) r ON true`

// What a topic is for her who has somebody hidden in it: her numbers count what
// she sees. b says who is hidden in this topic.
const shadowColumnsSQL = `
SELECT t.id, t.space_id, t.author_id, u.display_name AS author_name, t.title, t.posts_count - g.shown AS posts_count,
       t.highest_post_number - g.n AS highest_post_number, coalesce(r.last_read_number, 0) - g.read AS last_read_number, t.version, t.created_at,
       CASE WHEN g.n > 0 THEN (` + lastSeenSQL + `) ELSE t.bumped_at END AS bumped_at`

const lastSeenSQL = `SELECT v.created_at FROM posts v WHERE v.topic_id = t.id AND v.author_id <> ALL (b.hidden) ORDER BY v.number DESC LIMIT 1`

// b for one topic, whatever its space.
const hiddenInSQL = `
CROSS JOIN LATERAL (SELECT CASE WHEN t.space_id = ANY (CAST(@led AS uuid[])) THEN CAST('{}' AS uuid[]) ELSE CAST(@hidden AS uuid[]) END AS hidden) b`

// Behind markerSQL. Nothing is looked up where nobody is hidden.
const gapCountSQL = `
CROSS JOIN LATERAL (
    SELECT count(*) AS n, count(*) FILTER (WHERE h.state = 'visible') AS shown,
           count(*) FILTER (WHERE h.number <= coalesce(r.last_read_number, 0)) AS read
    FROM posts h WHERE cardinality(b.hidden) > 0 AND h.author_id = ANY (b.hidden) AND h.topic_id = t.id
) g`

const topicColumnsSQL = `
SELECT t.id, t.space_id, t.author_id, u.display_name AS author_name, t.title, t.posts_count, t.highest_post_number,
       coalesce(r.last_read_number, 0) AS last_read_number, t.version, t.created_at, t.bumped_at`

const topicsSQL = topicColumnsSQL + `
FROM (
    SELECT id, space_id, author_id, title, posts_count, highest_post_number, version, created_at, bumped_at FROM topics
    WHERE space_id = @space AND space_id = ANY (CAST(@visible AS uuid[])) AND deleted_at IS NULL
      AND (bumped_at, id) < (CAST(@at AS timestamptz), CAST(@id AS uuid))
    ORDER BY bumped_at DESC, id DESC LIMIT @limit
) t
JOIN users u ON u.id = t.author_id` + markerSQL + `
ORDER BY t.bumped_at DESC, t.id DESC`

func (f *Forum) topics(ctx context.Context, s Scope, spaceID uuid.UUID, from topicPosition, limit int) ([]TopicView, error) {
	query := topicsSQL
	if !s.whole(spaceID) {
		query = shadowTopicsSQL
	}
	list, err := gorm.G[TopicView](f.db.Conn(ctx)).Raw(query, sql.Named("viewer", s.viewer), sql.Named("space", spaceID),
		sql.Named("hidden", s.hidden), sql.Named("visible", array(s.visible())), sql.Named("at", from.At), sql.Named("id", from.ID), sql.Named("limit", limit),
		sql.Named("most", limit)).Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("list topics: %w", err)
	}
	return list, nil
}

const (
	reading = shadowColumnsSQL + `
FROM topics t JOIN users u ON u.id = t.author_id` + hiddenInSQL + markerSQL + gapCountSQL + `
WHERE t.id = @id AND t.space_id = ANY (CAST(@visible AS uuid[])) AND t.deleted_at IS NULL AND t.author_id <> ALL (b.hidden)`

	locking = reading + ` FOR NO KEY UPDATE OF t`
)

// topic finds one by query, which is reading or locking. Fault:
// fault.ErrNotFound.
func (f *Forum) topic(ctx context.Context, s Scope, id uuid.UUID, query string) (TopicView, error) {
	found, err := gorm.G[TopicView](f.db.Conn(ctx)).Raw(query, sql.Named("viewer", s.viewer), sql.Named("id", id),
		sql.Named("visible", array(s.visible())), sql.Named("led", array(s.led())), sql.Named("hidden", s.hidden)).Find(ctx)
	switch {
	case err != nil:
		return TopicView{}, fmt.Errorf("read a topic: %w", err)
	case len(found) == 0:
		return TopicView{}, fault.ErrNotFound
	}
	return found[0].seenFrom(s.spaces[found[0].SpaceID]), nil
}

// The keys of the payload are those of outbox.Event.
const insertTopicSQL = `
WITH s AS (
    UPDATE spaces SET topics_count = topics_count + 1, last_activity_at = greatest(last_activity_at, CAST(@now AS timestamptz))
    WHERE id = @space AND id = ANY (CAST(@may AS uuid[])) RETURNING id
), t AS (
    INSERT INTO topics (id, space_id, author_id, title, highest_post_number, posts_count, version, created_at, bumped_at)
    SELECT CAST(@id AS uuid), s.id, CAST(@viewer AS uuid), CAST(@title AS text), 1, 1, 1, CAST(@now AS timestamptz), CAST(@now AS timestamptz) FROM s
    RETURNING id, space_id
), p AS (
    INSERT INTO posts (id, topic_id, space_id, author_id, number, body, html, render_version, state, version, created_at)
    SELECT CAST(@post AS uuid), t.id, t.space_id, CAST(@viewer AS uuid), 1, CAST(@body AS text), CAST(@html AS text),
           CAST(@render AS bigint), 'visible', 1, CAST(@now AS timestamptz) FROM t
), r AS (
    INSERT INTO topic_reads (user_id, topic_id, last_read_number, updated_at)
    SELECT CAST(@viewer AS uuid), t.id, 1, CAST(@now AS timestamptz) FROM t
), o AS (
    INSERT INTO outbox (type, space_id, user_id, payload, created_at)
    SELECT e.type, e.space_id, e.user_id, e.payload, CAST(@now AS timestamptz) FROM t, LATERAL (VALUES
        ('topic.created', t.space_id, NULL::uuid, jsonb_build_object('topic_id', t.id, 'post_id', CAST(@post AS uuid), 'post_number', 1, 'version', 1)),
        ('read.moved', NULL::uuid, CAST(@viewer AS uuid), jsonb_build_object('topic_id', t.id, 'post_number', 1))
    ) e (type, space_id, user_id, payload)
)
SELECT u.display_name FROM t, users u WHERE u.id = @viewer`

// insertTopic adds a topic with its first post and gives the author's name.
func (f *Forum) insertTopic(ctx context.Context, s Scope, t TopicView, body, html string) (string, error) {
	type row struct{ DisplayName string }
	done, err := gorm.G[row](f.db.Conn(ctx)).Raw(insertTopicSQL, sql.Named("viewer", s.viewer), sql.Named("space", t.SpaceID),
		sql.Named("may", array(s.where(func(m May) bool { return m.Create }))), sql.Named("id", t.ID), sql.Named("post", pg.NewID()),
		sql.Named("title", t.Title), sql.Named("body", body), sql.Named("html", html), sql.Named("render", markdown.Version),
		sql.Named("now", t.CreatedAt)).Find(ctx)
	switch {
	case err != nil:
		return "", fmt.Errorf("add a topic: %w", err)
	case len(done) == 0:
		return "", fault.ErrNotFound
	}
	return done[0].DisplayName, nil
}

func (f *Forum) updateTitle(ctx context.Context, t TopicView) error {
	const update = `UPDATE topics SET title = ?, version = ? WHERE id = ?`
	if err := gorm.G[TopicView](f.db.Conn(ctx)).Exec(ctx, update, t.Title, t.Version, t.ID); err != nil {
		return fmt.Errorf("rename a topic: %w", err)
	}
	return nil
}

// answered reports whether somebody else's reply can be read in a topic by its
// author, who does not lead the space.
func (f *Forum) answered(ctx context.Context, s Scope, t TopicView) (bool, error) {
	const query = `SELECT EXISTS (SELECT 1 FROM posts WHERE topic_id = ? AND author_id <> ? AND state = 'visible'
		AND author_id <> ALL (CAST(? AS uuid[]))) AS answered`
	type row struct{ Answered bool }
	found, err := gorm.G[row](f.db.Conn(ctx)).Raw(query, t.ID, t.AuthorID, s.hidden).Find(ctx)
	if err != nil || len(found) != 1 {
		return false, fmt.Errorf("look for answers in a topic: %w", err)
	}
	return found[0].Answered, nil
}

const deleteTopicSQL = `
WITH t AS (UPDATE topics SET deleted_at = @now, version = @version WHERE id = @id RETURNING space_id)
UPDATE spaces s SET topics_count = s.topics_count - 1 FROM t WHERE s.id = t.space_id`

func (f *Forum) deleteTopic(ctx context.Context, t TopicView, now time.Time) error {
	err := gorm.G[TopicView](f.db.Conn(ctx)).Exec(ctx, deleteTopicSQL, sql.Named("id", t.ID), sql.Named("version", t.Version), sql.Named("now", now))
	if err != nil {
		return fmt.Errorf("delete a topic: %w", err)
	}
	return nil
}
