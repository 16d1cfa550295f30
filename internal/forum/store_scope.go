package forum

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

// seenSQL are the common table expressions that end in seen: the spaces the
// viewer can read at a moment, with what decides about the rest.
const seenSQL = `
WITH me AS (
    SELECT u.id, u.created_at, a.until, coalesce(r.staff, false) AS staff, coalesce(r.leads, false) AS leads,
           CASE WHEN a.until IS NULL OR a.until > @now THEN coalesce(a.level, 'none') ELSE 'none' END AS access
    FROM users u
    LEFT JOIN member_access a ON a.user_id = u.id
    LEFT JOIN LATERAL (
        SELECT count(*) > 0 AS staff, bool_or(role IN ('moderator', 'admin')) AS leads FROM user_roles WHERE user_id = u.id
    ) r ON true
    WHERE u.id = @viewer AND u.state = 'active' AND coalesce(a.reason, '') <> 'banned'
), seats AS (
    SELECT DISTINCT ON (cohort_id) cohort_id, state, enrolled_at FROM enrolments
    WHERE user_id = @viewer AND state <> 'withdrawn'
    ORDER BY cohort_id, (state IN ('active', 'paused')) DESC, attempt DESC
), led AS (
    SELECT cohort_id FROM cohort_coaches WHERE user_id = @viewer
), seen AS (
    SELECT s.id, s.kind, s.title, s.cohort_id, s.topics_count, s.last_activity_at, s.opens_at, s.read_only_at,
           me.access, me.until, me.staff, me.leads, seats.state AS enrolment, led.cohort_id IS NOT NULL AS coaches,
           coalesce(seats.enrolled_at, me.created_at) AS since
    FROM me
    JOIN spaces s ON s.cohort_id IS NULL OR s.cohort_id IN (SELECT cohort_id FROM seats UNION ALL SELECT cohort_id FROM led)
    LEFT JOIN seats ON seats.cohort_id = s.cohort_id
    LEFT JOIN led ON led.cohort_id = s.cohort_id
    WHERE CASE s.kind WHEN 'global' THEN me.staff OR me.access <> 'none'
                      WHEN 'staff' THEN me.staff
                      ELSE led.cohort_id IS NOT NULL OR (seats.state IS NOT NULL AND me.access <> 'none') END
      AND (s.opens_at IS NULL OR s.opens_at <= @now OR CASE s.kind WHEN 'cohort' THEN led.cohort_id IS NOT NULL ELSE me.leads END)
)`

const scopeSQL = seenSQL + `
SELECT id, kind, title, cohort_id, topics_count, last_activity_at, opens_at, read_only_at,
       access, until, staff, leads, enrolment, coaches, since
FROM seen ORDER BY array_position(ARRAY['global', 'cohort', 'staff'], kind), title, id`

type seenRow struct {
	ID             uuid.UUID
	Kind           Kind
	Title          string
	CohortID       uuid.UUID
	TopicsCount    int64
	LastActivityAt *time.Time
	OpensAt        *time.Time
	ReadOnlyAt     *time.Time
	Access         string
	Until          *time.Time
	Staff          bool
	Leads          bool
	Enrolment      string
	Coaches        bool
	Since          time.Time
}

func (r seenRow) facts() facts {
	return facts{
		Kind: r.Kind, Access: r.Access, Enrolment: r.Enrolment, Staff: r.Staff, Leads: r.Leads, Coaches: r.Coaches,
		OpensAt: r.OpensAt, ReadOnlyAt: r.ReadOnlyAt,
	}
}

func (f *Forum) seen(ctx context.Context, viewer uuid.UUID, now time.Time) ([]seenRow, error) {
	rows, err := gorm.G[seenRow](f.db.Conn(ctx)).Raw(scopeSQL, sql.Named("viewer", viewer), sql.Named("now", now)).Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("resolve what a viewer sees: %w", err)
	}
	return rows, nil
}

func (f *Forum) insertSpace(ctx context.Context, s Space) error {
	if err := gorm.G[Space](f.db.Conn(ctx)).Create(ctx, &s); err != nil {
		return fmt.Errorf("add a space: %w", err)
	}
	return nil
}

// array writes ids as an array of PostgreSQL: gorm would make a list of
// placeholders of a slice, and so a new statement for every length.
func array(ids []uuid.UUID) string {
	var b strings.Builder
	b.Grow(2 + 37*len(ids))
	b.WriteByte('{')
	for n, id := range ids {
		if n > 0 {
			b.WriteByte(',')
		}
		b.WriteString(id.String())
	}
	b.WriteByte('}')
	return b.String()
}
