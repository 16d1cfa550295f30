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
WITH held AS (
    SELECT role, cohort_id, space_id, ends_at, cohort_id IS NULL AND space_id IS NULL AS everywhere
    FROM held_roles WHERE user_id = @viewer AND (ends_at IS NULL OR ends_at > @now)
), me AS (
    SELECT u.id, u.created_at, r.staff, r.leads, r.coach, least(CASE WHEN a.until > @now THEN a.until END, r.ends_at) AS until,
           CASE WHEN a.until IS NULL OR a.until > @now THEN coalesce(a.level, 'none') ELSE 'none' END AS access
    FROM users u
    LEFT JOIN member_access a ON a.user_id = u.id
    CROSS JOIN (
        SELECT coalesce(bool_or(everywhere), false) AS staff, coalesce(bool_or(everywhere AND role IN ('moderator', 'admin')), false) AS leads,
               coalesce(bool_or(everywhere AND role = 'coach'), false) AS coach, min(ends_at) AS ends_at FROM held
    ) r
    WHERE u.id = @viewer AND u.state = 'active' AND coalesce(a.reason, '') <> 'banned'
), seats AS (
    SELECT DISTINCT ON (cohort_id) cohort_id, state, enrolled_at FROM enrolments
    WHERE user_id = @viewer AND state <> 'withdrawn'
    ORDER BY cohort_id, (state IN ('active', 'paused')) DESC, attempt DESC
), led AS (
    SELECT cohort_id FROM held WHERE cohort_id IS NOT NULL
    UNION
    SELECT c.cohort_id FROM cohort_coaches c JOIN me ON me.coach WHERE c.user_id = @viewer
), given AS (
    SELECT DISTINCT space_id FROM held WHERE space_id IS NOT NULL
), seen AS (
    SELECT s.id, s.kind, s.title, s.cohort_id, s.topics_count, s.last_activity_at, s.opens_at, s.read_only_at,
           me.access, me.until, me.staff, me.leads, seats.state AS enrolment, led.cohort_id IS NOT NULL AS coaches,
           given.space_id IS NOT NULL AS given, coalesce(seats.enrolled_at, me.created_at) AS since,
           given.space_id IS NOT NULL OR CASE s.kind WHEN 'cohort' THEN led.cohort_id IS NOT NULL ELSE me.leads END AS lead
    FROM me
    JOIN spaces s ON s.cohort_id IS NULL OR s.cohort_id IN (SELECT cohort_id FROM seats UNION ALL SELECT cohort_id FROM led)
                  OR s.id IN (SELECT space_id FROM given)
    LEFT JOIN seats ON seats.cohort_id = s.cohort_id
    LEFT JOIN led ON led.cohort_id = s.cohort_id
    LEFT JOIN given ON given.space_id = s.id
    WHERE (given.space_id IS NOT NULL OR
           CASE s.kind WHEN 'global' THEN me.staff OR me.access <> 'none'
                       WHEN 'staff' THEN me.staff
                       ELSE led.cohort_id IS NOT NULL OR (seats.state IS NOT NULL AND me.access <> 'none') END)
      AND (s.opens_at IS NULL OR s.opens_at <= @now OR given.space_id IS NOT NULL OR
           CASE s.kind WHEN 'cohort' THEN led.cohort_id IS NOT NULL ELSE me.leads END)
)`

const scopeSQL = seenSQL + `
SELECT id, kind, title, cohort_id, topics_count, last_activity_at, opens_at, read_only_at,
       access, until, staff, leads, enrolment, coaches, given, since,
       CAST(ARRAY(SELECT person_id FROM hidden_people(@viewer, @now)) AS text) AS hidden
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
	Given          bool
	Since          time.Time
	Hidden         string // as PostgreSQL writes an array; the same in every row
}

func (r seenRow) facts() facts {
	return facts{
		Kind: r.Kind, Access: r.Access, Enrolment: r.Enrolment, Staff: r.Staff, Leads: r.Leads, Coaches: r.Coaches, Given: r.Given,
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
