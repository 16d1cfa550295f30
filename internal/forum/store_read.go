package forum

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
)

const moveReadSQL = `
WITH t AS (
    SELECT id, highest_post_number FROM topics
    WHERE id = @topic AND space_id = ANY (CAST(@visible AS uuid[])) AND deleted_at IS NULL
      AND (author_id <> ALL (CAST(@hidden AS uuid[])) OR space_id = ANY (CAST(@led AS uuid[])))
), r AS (
    INSERT INTO topic_reads (user_id, topic_id, last_read_number, updated_at)
    SELECT CAST(@viewer AS uuid), t.id, least(greatest(CAST(@number AS bigint), 0), t.highest_post_number), CAST(@now AS timestamptz) FROM t
    ON CONFLICT (user_id, topic_id) DO UPDATE
    SET last_read_number = excluded.last_read_number, updated_at = excluded.updated_at
    WHERE topic_reads.last_read_number < excluded.last_read_number
    RETURNING topic_id, last_read_number
), o AS (
    INSERT INTO outbox (type, user_id, payload, created_at)
    SELECT 'read.moved', CAST(@viewer AS uuid), jsonb_build_object('topic_id', r.topic_id, 'post_number', r.last_read_number),
           CAST(@now AS timestamptz) FROM r
)
SELECT t.id, r.last_read_number FROM t LEFT JOIN r ON true`

// moveRead moves her position forward; false when it was there or beyond.
func (f *Forum) moveRead(ctx context.Context, s Scope, topicID uuid.UUID, number int64, now time.Time) (int64, bool, error) {
	type row struct {
		ID             uuid.UUID
		LastReadNumber *int64
	}
	found, err := gorm.G[row](f.db.Conn(ctx)).Raw(moveReadSQL, sql.Named("viewer", s.viewer), sql.Named("topic", topicID),
		sql.Named("visible", array(s.visible())), sql.Named("led", array(s.led())), sql.Named("hidden", s.hidden),
		sql.Named("number", number), sql.Named("now", now)).Find(ctx)
	switch {
	case err != nil:
		return 0, false, fmt.Errorf("move a read position: %w", err)
	case len(found) == 0:
		return 0, false, fault.ErrNotFound
	case found[0].LastReadNumber == nil:
		return 0, false, nil
	}
	return *found[0].LastReadNumber, true, nil
}

func (f *Forum) readPosition(ctx context.Context, s Scope, topicID uuid.UUID) (int64, error) {
	t, err := f.topic(ctx, s, topicID, reading)
	return t.LastReadNumber, err
}

// lookedAt is how many topics of a space can be unread.
const lookedAt = 1000

// Per space, newest first, with two bounds: how many topics are looked at and
// how many are counted. Without them one who reads everything, or nothing,
// would cost a scan of the space.
const unreadSQL = seenSQL + `, hidden AS MATERIALIZED (
    SELECT ARRAY(SELECT person_id FROM hidden_people(@viewer, @now)) AS people
), ` + touchedSQL + `, unread AS (
    SELECT u.id AS topic_id, u.space_id, u.title, u.bumped_at, u.last_read, u.unread_count
    FROM (SELECT id, since, CAST('infinity' AS timestamptz) AS at, CAST('ffffffff-ffff-ffff-ffff-ffffffffffff' AS uuid) AS before FROM seen) s
    CROSS JOIN LATERAL (
        SELECT t.id, t.space_id, t.title, t.bumped_at, coalesce(r.last_read_number, 0) - g.read AS last_read,
               t.highest_post_number - g.n - coalesce(r.last_read_number, 0) + g.read AS unread_count
        FROM ` + newestSQL + markerSQL + gapCountSQL + `
        WHERE t.highest_post_number - g.n > coalesce(r.last_read_number, 0) - g.read
        ORDER BY t.bumped_at DESC, t.id DESC LIMIT 500
    ) u
    ORDER BY u.bumped_at DESC, u.id DESC LIMIT 500
)
SELECT topic_id, space_id, title, bumped_at, last_read + 1 AS next_post_number, unread_count,
       count(*) OVER () AS topics_count, CAST(sum(unread_count) OVER () AS bigint) AS posts_count
FROM unread ORDER BY bumped_at DESC, topic_id DESC LIMIT @limit`

func (f *Forum) unread(ctx context.Context, viewer uuid.UUID, now time.Time, limit int) (Unread, error) {
	type row struct {
		TopicID        uuid.UUID
		SpaceID        uuid.UUID
		Title          string
		BumpedAt       time.Time
		NextPostNumber int64
		UnreadCount    int64
		TopicsCount    int64
		PostsCount     int64
	}
	found, err := gorm.G[row](f.db.Conn(ctx)).Raw(unreadSQL, sql.Named("viewer", viewer), sql.Named("now", now),
		sql.Named("most", lookedAt), sql.Named("limit", limit)).Find(ctx)
	if err != nil {
		return Unread{}, fmt.Errorf("read what is unread: %w", err)
	}
	u := Unread{Items: make([]UnreadTopic, len(found))}
	for n, r := range found {
		u.TopicsCount, u.PostsCount = r.TopicsCount, r.PostsCount
		u.Items[n] = UnreadTopic{
			TopicID: r.TopicID, SpaceID: r.SpaceID, Title: r.Title, UnreadCount: r.UnreadCount,
			NextPostNumber: r.NextPostNumber, BumpedAt: r.BumpedAt,
		}
	}
	return u, nil
}
