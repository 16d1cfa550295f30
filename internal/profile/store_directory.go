package profile

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
)

// presentSQL are the people of the community at a moment: whoever has access
// or a role, and is not banned.
const presentSQL = `
FROM users u
LEFT JOIN member_access a ON a.user_id = u.id
CROSS JOIN LATERAL (
    SELECT count(*) > 0 AS staff, coalesce(bool_or(role IN ('moderator', 'admin') AND cohort_id IS NULL AND space_id IS NULL), false) AS leads
    FROM held_roles WHERE user_id = u.id AND (ends_at IS NULL OR ends_at > @now)
) r
WHERE u.state = 'active' AND coalesce(a.reason, '') <> 'banned'
  AND (r.staff OR (coalesce(a.level, 'none') <> 'none' AND (a.until IS NULL OR a.until > @now)))`

// teamSQL are those who lead cohorts at a moment: coaches everywhere who are in
// the team of one, and whoever has a role for one.
const teamSQL = `
    SELECT c.cohort_id, c.user_id FROM cohort_coaches c
    WHERE EXISTS (SELECT 1 FROM held_roles r WHERE r.user_id = c.user_id AND r.role = 'coach' AND r.cohort_id IS NULL AND r.space_id IS NULL
                  AND (r.ends_at IS NULL OR r.ends_at > @now))
    UNION ALL
    SELECT cohort_id, user_id FROM limited_roles WHERE cohort_id IS NOT NULL AND (ends_at IS NULL OR ends_at > @now)`

// viewerSQL are the common table expressions about who looks: viewer (no row
// when she may not), her cohorts, the people in them, and who is not there for
// her. Her blocks rest where she is on duty.
const viewerSQL = `
WITH viewer AS (
    SELECT u.id, r.leads ` + presentSQL + ` AND u.id = @viewer
), team AS NOT MATERIALIZED (` + teamSQL + `
), led AS (
    SELECT cohort_id FROM team WHERE user_id = @viewer
), mine AS (
    SELECT cohort_id FROM enrolments WHERE user_id = @viewer AND state <> 'withdrawn' UNION SELECT cohort_id FROM led
), mates AS (
    SELECT user_id FROM enrolments WHERE cohort_id IN (SELECT cohort_id FROM mine) AND state <> 'withdrawn'
    UNION SELECT user_id FROM team WHERE cohort_id IN (SELECT cohort_id FROM mine)
), hidden AS MATERIALIZED (
    SELECT h.person_id FROM hidden_people(@viewer, @now) h
    WHERE NOT (SELECT leads FROM viewer)
      AND NOT EXISTS (SELECT 1 FROM enrolments e JOIN led ON led.cohort_id = e.cohort_id WHERE e.user_id = h.person_id AND e.state <> 'withdrawn')
)`

const seenSQL = viewerSQL + `
SELECT ` + columnsSQL + `, m.mate
FROM viewer CROSS JOIN profiles p
JOIN LATERAL (SELECT u.time_zone ` + presentSQL + ` AND u.id = p.user_id) u ON true
CROSS JOIN LATERAL (SELECT p.user_id IN (SELECT user_id FROM mates) AS mate) m
WHERE p.user_id = @id AND (p.listed OR m.mate OR p.user_id = @viewer) AND p.user_id NOT IN (SELECT person_id FROM hidden)`

// seen reads the profile of id as far as viewer may know of it.
func (p *Profile) seen(ctx context.Context, viewer, id uuid.UUID, now time.Time) (record, error) {
	found, err := gorm.G[record](p.db.Conn(ctx)).Raw(seenSQL, sql.Named("viewer", viewer), sql.Named("id", id), sql.Named("now", now)).Find(ctx)
	switch {
	case err != nil:
		return record{}, fmt.Errorf("read a member: %w", err)
	case len(found) == 0:
		return record{}, fault.ErrNotFound
	}
	return found[0], nil
}

// everybodySQL walks the directory by name, findSQL begins with whoever is
// found: by what all members see, through an index, and in her cohorts also by
// what only they see. LIMIT 1 keeps the planner from reading all profiles to
// join a few.
const (
	everybodySQL = `profiles p`
	findSQL      = `(
    SELECT user_id FROM profiles WHERE listed AND for_members @@ ` + askedSQL + `
    UNION
    SELECT f.user_id FROM mates CROSS JOIN LATERAL (SELECT * FROM profiles WHERE user_id = mates.user_id LIMIT 1) f
    WHERE f.listed AND (f.for_members || f.for_my_cohorts) @@ ` + askedSQL + `
) f CROSS JOIN LATERAL (SELECT * FROM profiles WHERE user_id = f.user_id LIMIT 1) p`
)

const pageSQL = `
JOIN LATERAL (SELECT u.time_zone ` + presentSQL + ` AND u.id = p.user_id) u ON true
WHERE p.listed AND p.user_id NOT IN (SELECT person_id FROM hidden) AND (p.name_key, p.user_id) > (CAST(@name AS text), CAST(@id AS uuid))`

// askedSQL: every word of a search begins a word. Folded words hold no sign
// that means something in a query; without a word nothing is found.
const askedSQL = `to_tsquery('simple', '''' || replace(nullif(folded(CAST(@q AS text)), ''), ' ', ''':* & ''') || ''':*')`

const cohortSQL = ` AND CAST(@cohort AS uuid) IN (SELECT cohort_id FROM mine) AND p.user_id IN (
    SELECT user_id FROM enrolments WHERE cohort_id = @cohort AND state <> 'withdrawn'
    UNION ALL SELECT user_id FROM team WHERE cohort_id = @cohort)`

// directorySQL puts together what is asked for.
func directorySQL(q Query) string {
	from := everybodySQL
	if q.Q != "" {
		from = findSQL
	}
	query := viewerSQL + `
SELECT ` + columnsSQL + `, p.user_id IN (SELECT user_id FROM mates) AS mate
FROM viewer CROSS JOIN ` + from + pageSQL
	if q.Cohort != uuid.Nil {
		query += cohortSQL
	}
	return query + ` ORDER BY p.name_key, p.user_id LIMIT @limit`
}

// directory gives one more than the page, if there is one.
func (p *Profile) directory(ctx context.Context, viewer uuid.UUID, q Query, after position, now time.Time) ([]record, error) {
	found, err := gorm.G[record](p.db.Conn(ctx)).Raw(directorySQL(q), sql.Named("viewer", viewer), sql.Named("now", now), sql.Named("q", q.Q),
		sql.Named("cohort", q.Cohort), sql.Named("name", after.Name), sql.Named("id", after.ID), sql.Named("limit", q.Limit+1)).Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the directory: %w", err)
	}
	return found, nil
}
