package forum

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/womens-tech-conservatory/conservatory/internal/outbox"
)

// touchedSQL are the topics in which somebody hidden has written: only in them
// does what the viewer sees differ from what is stored.
const touchedSQL = `touched AS MATERIALIZED (
    SELECT DISTINCT p.space_id, p.topic_id FROM posts p
    WHERE p.author_id = ANY (CAST((SELECT people FROM hidden) AS uuid[])) AND p.space_id IN (SELECT id FROM seen WHERE NOT lead)
)`

// newestSQL are the newest topics of the space s as its viewer sees them, at
// most @most: those that nobody hidden has touched in the order of the index,
// the few others by their last post that she sees.
const newestSQL = `(
    SELECT n.id, n.space_id, n.author_id, n.title, n.posts_count, n.highest_post_number, n.version, n.created_at, n.bumped_at, b.hidden
    FROM (
        (SELECT t.id, t.space_id, t.author_id, t.title, t.posts_count, t.highest_post_number, t.version, t.created_at, t.bumped_at, false AS touched
         FROM topics t
         WHERE t.space_id = s.id AND t.deleted_at IS NULL AND t.bumped_at >= s.since AND (t.bumped_at, t.id) < (s.at, s.before)
           AND t.id NOT IN (SELECT topic_id FROM touched)
         ORDER BY t.bumped_at DESC, t.id DESC LIMIT @most)
        UNION ALL
        (SELECT t.id, t.space_id, t.author_id, t.title, t.posts_count, t.highest_post_number, t.version, t.created_at, l.created_at, true
         FROM touched JOIN topics t ON t.id = touched.topic_id
         CROSS JOIN (SELECT CAST((SELECT people FROM hidden) AS uuid[]) AS hidden) b
         CROSS JOIN LATERAL (` + lastSeenSQL + `) l
         WHERE touched.space_id = s.id AND t.deleted_at IS NULL AND t.author_id <> ALL (b.hidden)
           AND l.created_at >= s.since AND (l.created_at, t.id) < (s.at, s.before)
         ORDER BY l.created_at DESC, t.id DESC LIMIT @most)
    ) n
    CROSS JOIN LATERAL (SELECT CASE WHEN n.touched THEN CAST((SELECT people FROM hidden) AS uuid[]) ELSE CAST('{}' AS uuid[]) END AS hidden) b
    ORDER BY n.bumped_at DESC, n.id DESC LIMIT @most
) t CROSS JOIN LATERAL (SELECT t.hidden) b`

const shadowTopicsSQL = `
WITH hidden AS (
    SELECT CAST(@hidden AS text) AS people
), seen AS (
    SELECT CAST(@space AS uuid) AS id, false AS lead, CAST('-infinity' AS timestamptz) AS since, CAST(@at AS timestamptz) AS at, CAST(@id AS uuid) AS before
    WHERE CAST(@space AS uuid) = ANY (CAST(@visible AS uuid[]))
), ` + touchedSQL + shadowColumnsSQL + `
FROM seen s CROSS JOIN LATERAL ` + newestSQL + `
JOIN users u ON u.id = t.author_id` + markerSQL + gapCountSQL + `
ORDER BY bumped_at DESC, id DESC`

// Without a topic that she sees, nothing has happened in a space.
const recountSQL = `
WITH hidden AS (
    SELECT CAST(@hidden AS text) AS people
), seen AS (
    SELECT id, false AS lead, CAST('-infinity' AS timestamptz) AS since, CAST('infinity' AS timestamptz) AS at, CAST(@id AS uuid) AS before
    FROM spaces WHERE id = ANY (CAST(@spaces AS uuid[]))
), ` + touchedSQL + `
SELECT s.id, t.bumped_at AS last_activity_at,
       (SELECT count(*) FROM topics h WHERE h.author_id = ANY (CAST(@hidden AS uuid[])) AND h.space_id = s.id AND h.deleted_at IS NULL) AS fewer
FROM seen s LEFT JOIN LATERAL (SELECT t.bumped_at FROM ` + newestSQL + `) t ON true`

// recount makes the numbers of her spaces those of a world without whoever is
// hidden from her.
func (f *Forum) recount(ctx context.Context, s Scope) error {
	type row struct {
		ID             uuid.UUID
		LastActivityAt *time.Time
		Fewer          int64
	}
	found, err := gorm.G[row](f.db.Conn(ctx)).Raw(recountSQL, sql.Named("hidden", s.hidden), sql.Named("id", uuid.Max), sql.Named("most", 1),
		sql.Named("spaces", array(s.where(func(m May) bool { return !m.Lead })))).Find(ctx)
	if err != nil {
		return fmt.Errorf("recount what a viewer sees: %w", err)
	}
	for _, r := range found {
		v := s.spaces[r.ID]
		v.TopicsCount -= r.Fewer
		v.LastActivityAt = r.LastActivityAt
		s.spaces[r.ID] = v
	}
	return nil
}

// gaps are the numbers in a topic that are not there for a viewer, in order.
// What she counts, and says, are the numbers of what she sees.
type gaps []int64

// seen is what she calls the post n.
func (g gaps) seen(n int64) int64 {
	less := int64(0)
	for _, gap := range g {
		if gap <= n {
			less++
		}
	}
	return n - less
}

// real is what she means by n.
func (g gaps) real(n int64) int64 {
	for _, gap := range g {
		if gap <= n {
			n++
		}
	}
	return n
}

// of gives a post with her numbers; an answer to what she does not see is an
// answer to nothing.
func (g gaps) of(p PostView) PostView {
	to := p.ReplyTo
	p.Number = g.seen(p.Number)
	p.ReplyTo = g.seen(to)
	for _, gap := range g {
		if gap == to {
			p.ReplyTo = 0
		}
	}
	return p
}

// parseGaps reads an array of PostgreSQL.
func parseGaps(s string) gaps {
	var g gaps
	for part := range strings.SplitSeq(strings.Trim(s, "{}"), ",") {
		if n, err := strconv.ParseInt(part, 10, 64); err == nil {
			g = append(g, n)
		}
	}
	return g
}

const gapsSQL = `
SELECT CAST(ARRAY(SELECT h.number FROM posts h WHERE h.author_id = ANY (b.hidden) AND h.topic_id = t.id ORDER BY h.number) AS text) AS gaps,
       t.author_id = ANY (b.hidden) OR coalesce((SELECT p.author_id = ANY (b.hidden) FROM posts p WHERE p.id = @post), false) AS gone
FROM topics t` + hiddenInSQL + `
WHERE t.id = @topic`

// gaps gives the gaps of a topic, and whether the topic, or a post in it, is
// gone for her. No statement where nobody is hidden.
func (f *Forum) gaps(ctx context.Context, s Scope, topicID, postID uuid.UUID) (g gaps, gone bool, err error) {
	if s.hidden == nobody {
		return nil, false, nil
	}
	type row struct {
		Gaps string
		Gone bool
	}
	found, err := gorm.G[row](f.db.Conn(ctx)).Raw(gapsSQL, sql.Named("topic", topicID), sql.Named("post", postID),
		sql.Named("led", array(s.led())), sql.Named("hidden", s.hidden)).Find(ctx)
	if err != nil {
		return nil, false, fmt.Errorf("look for who is hidden in a topic: %w", err)
	}
	if len(found) == 0 {
		return nil, false, nil
	}
	return parseGaps(found[0].Gaps), found[0].Gone, nil
}

// sift lets an event through with her numbers, if it tells of nobody hidden.
func (f *Forum) sift(ctx context.Context, s Scope, e outbox.Event) (outbox.Event, bool, error) {
	if e.TopicID == uuid.Nil {
		return e, true, nil
	}
	g, gone, err := f.gaps(ctx, s, e.TopicID, e.PostID)
	if err != nil || gone {
		return e, false, err
	}
	e.PostNumber = g.seen(e.PostNumber)
	return e, true, nil
}
