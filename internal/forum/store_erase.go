package forum

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

// The posts of others in her topics stay. The keys of the payload are those
// of outbox.Event.
const erasePostsSQL = `
WITH hers AS (
    SELECT id, state FROM posts WHERE author_id = @author AND (state = 'visible' OR body <> '' OR html <> '') ORDER BY id LIMIT @limit FOR NO KEY UPDATE
), gone AS (
    UPDATE posts p SET body = '', html = '', state = 'deleted', version = p.version + 1, edited_at = @now
    FROM hers WHERE p.id = hers.id RETURNING p.id, p.topic_id, p.space_id, p.number, p.version, hers.state AS was
), counted AS (
    UPDATE topics t SET posts_count = greatest(t.posts_count - c.n, 0)
    FROM (SELECT topic_id, count(*) AS n FROM gone WHERE was = 'visible' GROUP BY topic_id) c WHERE t.id = c.topic_id
), told AS (
    INSERT INTO outbox (type, space_id, payload, created_at)
    SELECT 'post.deleted', space_id, jsonb_build_object('topic_id', topic_id, 'post_id', id, 'post_number', number, 'version', version), @now FROM gone
)
SELECT count(*) AS n FROM gone`

const eraseTitlesSQL = `
WITH gone AS (
    UPDATE topics SET title = @title, version = version + 1 WHERE author_id = @author AND title <> @title RETURNING id, space_id, version
)
INSERT INTO outbox (type, space_id, payload, created_at)
SELECT 'topic.updated', space_id, jsonb_build_object('topic_id', id, 'version', version), @now FROM gone`

// erasedTitle stands where a title was hers.
const erasedTitle = "A topic of a former member"

// erasePosts gives how many posts it emptied, at most eraseAtOnce.
func (f *Forum) erasePosts(ctx context.Context, author uuid.UUID, now time.Time) (int, error) {
	type row struct{ N int }
	found, err := gorm.G[row](f.db.Conn(ctx)).Raw(erasePostsSQL, sql.Named("author", author), sql.Named("limit", eraseAtOnce),
		sql.Named("now", now)).Find(ctx)
	if err != nil || len(found) != 1 {
		return 0, fmt.Errorf("empty the posts of an author: %w", err)
	}
	return found[0].N, nil
}

func (f *Forum) eraseTitles(ctx context.Context, author uuid.UUID, now time.Time) error {
	err := gorm.G[TopicView](f.db.Conn(ctx)).Exec(ctx, eraseTitlesSQL, sql.Named("author", author), sql.Named("title", erasedTitle), sql.Named("now", now))
	if err != nil {
		return fmt.Errorf("replace the titles of an author: %w", err)
	}
	return nil
}
