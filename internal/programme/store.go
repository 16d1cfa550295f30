package programme

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
)

// head is one enrolment with what its outline hangs on.
type head struct {
	EnrolmentID    uuid.UUID
	EnrolmentState string
	CohortID       uuid.UUID
	CohortState    string
	TimeZone       string
	StartsOn       time.Time
	EndsOn         time.Time
	VersionID      uuid.UUID
	Version        int64
	Programme      string
	Member         bool
}

const (
	headSQL = `
SELECT e.id AS enrolment_id, e.state AS enrolment_state, c.id AS cohort_id, c.state AS cohort_state,
       c.time_zone, c.starts_on, c.ends_on, v.id AS version_id, v.number AS version, p.title AS programme,
       coalesce(a.level = 'full' AND (a.until IS NULL OR a.until > @now), false) AS member
FROM enrolments e
JOIN cohorts c ON c.id = e.cohort_id
JOIN programme_versions v ON v.id = c.version_id
JOIN programmes p ON p.id = v.programme_id
LEFT JOIN member_access a ON a.user_id = e.user_id
WHERE e.user_id = @user AND e.state <> 'withdrawn' AND c.state <> 'draft'`

	// What started comes first, the newest of it; before anything has, the nearest.
	preferredSQL = `
ORDER BY c.state = 'cancelled', c.starts_on > (CAST(@now AS timestamptz) AT TIME ZONE c.time_zone)::date,
         abs(c.starts_on - (CAST(@now AS timestamptz) AT TIME ZONE c.time_zone)::date), e.attempt DESC, c.id DESC
LIMIT 1`

	anyHeadSQL    = headSQL + preferredSQL
	cohortHeadSQL = headSQL + ` AND c.id = @cohort` + preferredSQL
	itemHeadSQL   = headSQL + ` AND EXISTS (SELECT 1 FROM programme_items i WHERE i.version_id = v.id AND i.lineage_id = @item)` +
		preferredSQL + ` FOR NO KEY UPDATE OF e`
)

func (p *Programme) head(ctx context.Context, userID, cohortID uuid.UUID) (head, error) {
	query, args := anyHeadSQL, []any{sql.Named("now", p.clock.Now()), sql.Named("user", userID)}
	if cohortID != uuid.Nil {
		query, args = cohortHeadSQL, append(args, sql.Named("cohort", cohortID))
	}
	found, err := gorm.G[head](p.db.Conn(ctx)).Raw(query, args...).Find(ctx)
	if err != nil {
		return head{}, fmt.Errorf("read the enrolment of an outline: %w", err)
	}
	if len(found) == 0 {
		return head{}, ErrNoOutline
	}
	return found[0], nil
}

// lockHead finds the enrolment an item is in and keeps others off it until the
// transaction ends.
func (p *Programme) lockHead(ctx context.Context, userID, lineageID uuid.UUID) (head, error) {
	found, err := gorm.G[head](p.db.Conn(ctx)).Raw(itemHeadSQL, sql.Named("now", p.clock.Now()),
		sql.Named("user", userID), sql.Named("item", lineageID)).Find(ctx)
	if err != nil {
		return head{}, fmt.Errorf("lock the enrolment of an item: %w", err)
	}
	if len(found) == 0 {
		return head{}, fault.ErrNotFound
	}
	return found[0], nil
}

const breaksSQL = `SELECT from_on, to_on FROM cohort_breaks WHERE cohort_id = ? ORDER BY from_on`

func (p *Programme) breaks(ctx context.Context, cohortID uuid.UUID) ([]stretch, error) {
	found, err := gorm.G[stretch](p.db.Conn(ctx)).Raw(breaksSQL, cohortID).Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the breaks of a cohort: %w", err)
	}
	return found, nil
}

// itemRow is an item with what one member did about it.
type itemRow struct {
	LineageID     uuid.UUID
	ModuleLineage uuid.UUID
	Kind          Kind
	Title         string
	Mandatory     bool
	Minutes       int64
	ReleaseDays   *int64
	ReleaseMinute int64
	Requires      lineages `gorm:"type:text"`
	State         State
	MetAt         *time.Time
}

func (i itemRow) done() bool { return i.MetAt != nil }

func (i itemRow) state() State {
	if i.State == "" {
		return NotStarted
	}
	return i.State
}

// lineages reads what string_agg wrote.
type lineages []uuid.UUID

// Scan implements sql.Scanner.
func (l *lineages) Scan(src any) error {
	*l = nil
	text, _ := src.(string)
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ',' }) {
		id, err := uuid.Parse(part)
		if err != nil {
			return fmt.Errorf("read a lineage: %w", err)
		}
		*l = append(*l, id)
	}
	return nil
}

const itemsSQL = `
SELECT i.lineage_id, i.module_lineage, i.kind, i.title, i.mandatory, i.minutes, i.release_days, i.release_minute,
       (SELECT string_agg(q.requires_lineage::text, ',' ORDER BY r.position)
        FROM programme_prerequisites q
        JOIN programme_items r ON r.version_id = i.version_id AND r.lineage_id = q.requires_lineage
        WHERE q.item_id = i.id) AS requires,
       coalesce(g.state, '') AS state, g.met_at
FROM programme_items i
LEFT JOIN item_progress g ON g.enrolment_id = ? AND g.lineage_id = i.lineage_id
WHERE i.version_id = ?
ORDER BY i.position, i.id`

func (p *Programme) items(ctx context.Context, h head) ([]itemRow, error) {
	found, err := gorm.G[itemRow](p.db.Conn(ctx)).Raw(itemsSQL, h.EnrolmentID, h.VersionID).Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the items of an outline: %w", err)
	}
	return found, nil
}

const insertProgressSQL = `
INSERT INTO item_progress (enrolment_id, lineage_id, state, met_at, met_how, actor_id)
VALUES (?, ?, 'met', ?, 'self', ?)`

func (p *Programme) insertProgress(ctx context.Context, enrolmentID, lineageID, actorID uuid.UUID, at time.Time) error {
	err := gorm.G[itemRow](p.db.Conn(ctx)).Exec(ctx, insertProgressSQL, enrolmentID, lineageID, at, actorID)
	if err != nil {
		return fmt.Errorf("record a met item: %w", err)
	}
	return nil
}
