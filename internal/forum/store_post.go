package forum

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/pkg/markdown"
)

// A topic without posts from there on gives one row without a post, no row
// means no topic.
const postsSQL = `
SELECT p.id, t.id AS topic_id, t.space_id, p.author_id, u.display_name AS author_name, p.number, p.reply_to, p.body, p.html,
       p.state, p.version, p.created_at, p.edited_at, CAST(g.gaps AS text) AS gaps
FROM topics t` + hiddenInSQL + `
CROSS JOIN LATERAL (
    SELECT array_agg(h.number ORDER BY h.number) AS gaps FROM posts h
    WHERE cardinality(b.hidden) > 0 AND h.author_id = ANY (b.hidden) AND h.topic_id = t.id
) g
LEFT JOIN LATERAL (
    SELECT id, author_id, number, reply_to, body, html, state, version, created_at, edited_at FROM posts
    WHERE topic_id = t.id AND number >= @from AND author_id <> ALL (b.hidden)
      AND (g.gaps IS NULL OR number - (SELECT count(*) FROM unnest(g.gaps) gap WHERE gap < number) >= @from)
    ORDER BY number LIMIT @limit
) p ON true
LEFT JOIN users u ON u.id = p.author_id
WHERE t.id = @topic AND t.space_id = ANY (CAST(@visible AS uuid[])) AND t.deleted_at IS NULL AND t.author_id <> ALL (b.hidden)
ORDER BY p.number`

// postRow is a post with what is hidden around it.
type postRow struct {
	PostView `gorm:"embedded"`

	Gaps string
}

func (f *Forum) posts(ctx context.Context, s Scope, topicID uuid.UUID, from int64, limit int) ([]PostView, error) {
	rows, err := gorm.G[postRow](f.db.Conn(ctx)).Raw(postsSQL, sql.Named("topic", topicID), sql.Named("from", from), sql.Named("limit", limit),
		sql.Named("visible", array(s.visible())), sql.Named("led", array(s.led())), sql.Named("hidden", s.hidden)).Find(ctx)
	switch {
	case err != nil:
		return nil, fmt.Errorf("list posts: %w", err)
	case len(rows) == 0:
		return nil, fault.ErrNotFound
	case rows[0].ID == uuid.Nil:
		return nil, nil
	}
	list, g := make([]PostView, len(rows)), parseGaps(rows[0].Gaps)
	for n, r := range rows {
		list[n] = g.of(r.PostView)
	}
	return list, nil
}

const lockPostSQL = `
SELECT p.id, p.topic_id, p.space_id, p.author_id, u.display_name AS author_name, p.number, p.reply_to, p.body, p.html,
       p.state, p.version, p.created_at, p.edited_at
FROM posts p
JOIN topics t ON t.id = p.topic_id AND t.deleted_at IS NULL
JOIN users u ON u.id = p.author_id` + hiddenInSQL + `
WHERE p.id = @id AND p.space_id = ANY (CAST(@visible AS uuid[])) AND p.author_id <> ALL (b.hidden) AND t.author_id <> ALL (b.hidden)
FOR NO KEY UPDATE OF p`

func (f *Forum) lockPost(ctx context.Context, s Scope, id uuid.UUID) (PostView, error) {
	found, err := gorm.G[PostView](f.db.Conn(ctx)).Raw(lockPostSQL, sql.Named("id", id), sql.Named("visible", array(s.visible())),
		sql.Named("led", array(s.led())), sql.Named("hidden", s.hidden)).Find(ctx)
	switch {
	case err != nil:
		return PostView{}, fmt.Errorf("lock a post: %w", err)
	case len(found) == 0:
		return PostView{}, fault.ErrNotFound
	}
	return found[0], nil
}

// The row lock of the topic hands out the number. The space is only touched
// once a second, so that replies to different topics do not wait for each
// other. The keys of the payload are those of outbox.Event.
const replySQL = `
WITH t AS (
    UPDATE topics SET highest_post_number = highest_post_number + 1, posts_count = posts_count + 1,
                      bumped_at = greatest(bumped_at, CAST(@now AS timestamptz))
    WHERE id = @topic AND space_id = ANY (CAST(@may AS uuid[])) AND deleted_at IS NULL
      AND (author_id <> ALL (CAST(@hidden AS uuid[])) OR space_id = ANY (CAST(@led AS uuid[])))
      AND (CAST(@reply AS bigint) = 0 OR EXISTS (SELECT 1 FROM posts q WHERE q.topic_id = @topic AND q.number = @reply))
    RETURNING id, space_id, highest_post_number AS number
), p AS (
    INSERT INTO posts (id, topic_id, space_id, author_id, number, reply_to, body, html, render_version, state, version, created_at)
    SELECT CAST(@id AS uuid), t.id, t.space_id, CAST(@viewer AS uuid), t.number, nullif(CAST(@reply AS bigint), 0), CAST(@body AS text),
           CAST(@html AS text), CAST(@render AS bigint), 'visible', 1, CAST(@now AS timestamptz) FROM t
), r AS (
    INSERT INTO topic_reads (user_id, topic_id, last_read_number, updated_at)
    SELECT CAST(@viewer AS uuid), t.id, t.number, CAST(@now AS timestamptz) FROM t
    ON CONFLICT (user_id, topic_id) DO UPDATE
    SET last_read_number = greatest(topic_reads.last_read_number, excluded.last_read_number), updated_at = excluded.updated_at
), s AS (
    UPDATE spaces SET last_activity_at = CAST(@now AS timestamptz) FROM t
    WHERE spaces.id = t.space_id
      AND (spaces.last_activity_at IS NULL OR spaces.last_activity_at < CAST(@now AS timestamptz) - interval '1 second')
), o AS (
    INSERT INTO outbox (type, space_id, user_id, payload, created_at)
    SELECT e.type, e.space_id, e.user_id, e.payload, CAST(@now AS timestamptz) FROM t, LATERAL (VALUES
        ('post.created', t.space_id, NULL::uuid, jsonb_build_object('topic_id', t.id, 'post_id', CAST(@id AS uuid), 'post_number', t.number, 'version', 1)),
        ('read.moved', NULL::uuid, CAST(@viewer AS uuid), jsonb_build_object('topic_id', t.id, 'post_number', t.number))
    ) e (type, space_id, user_id, payload)
)
SELECT t.space_id, t.number, u.display_name AS author_name FROM t, users u WHERE u.id = @viewer`

// insertReply adds p to its topic and completes it; false when the topic is
// not one she may reply in, or has no post p.ReplyTo.
func (f *Forum) insertReply(ctx context.Context, s Scope, p *PostView) (bool, error) {
	done, err := gorm.G[PostView](f.db.Conn(ctx)).Raw(replySQL, sql.Named("viewer", s.viewer), sql.Named("topic", p.TopicID),
		sql.Named("may", array(s.where(func(m May) bool { return m.Reply }))), sql.Named("led", array(s.led())), sql.Named("hidden", s.hidden), sql.Named("id", p.ID), sql.Named("reply", p.ReplyTo),
		sql.Named("body", p.Body), sql.Named("html", p.HTML), sql.Named("render", markdown.Version), sql.Named("now", p.CreatedAt)).Find(ctx)
	switch {
	case err != nil:
		return false, fmt.Errorf("add a reply: %w", err)
	case len(done) == 0:
		return false, nil
	}
	p.SpaceID, p.Number, p.AuthorName = done[0].SpaceID, done[0].Number, done[0].AuthorName
	return true, nil
}

const reviseSQL = `
WITH former AS (
    INSERT INTO post_revisions (post_id, version, editor_id, body, created_at)
    SELECT id, version, CAST(@editor AS uuid), body, CAST(@now AS timestamptz) FROM posts WHERE id = @id
), counted AS (
    UPDATE topics SET posts_count = posts_count - 1 WHERE id = @topic AND CAST(@state AS text) = 'deleted'
)
UPDATE posts SET body = @body, html = @html, render_version = @render, state = CAST(@state AS text), version = @version, edited_at = @edited
WHERE id = @id`

// revise writes a locked post anew and keeps what it was.
func (f *Forum) revise(ctx context.Context, editor uuid.UUID, p PostView, now time.Time) error {
	err := gorm.G[PostView](f.db.Conn(ctx)).Exec(ctx, reviseSQL, sql.Named("id", p.ID), sql.Named("topic", p.TopicID),
		sql.Named("editor", editor), sql.Named("body", p.Body), sql.Named("html", p.HTML), sql.Named("render", markdown.Version),
		sql.Named("state", p.State), sql.Named("version", p.Version), sql.Named("edited", p.EditedAt), sql.Named("now", now))
	if err != nil {
		return fmt.Errorf("revise a post: %w", err)
	}
	return nil
}
