package cohort

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// Seats are counted while listing: a cohort has tens of them and an index.
const listingSQL = `
SELECT c.id, c.name, p.title AS programme, c.state, c.time_zone, c.starts_on, c.ends_on, c.registration_closes_at, c.capacity,
       greatest(c.capacity - (SELECT count(*) FROM enrolments l WHERE l.cohort_id = c.id AND l.state IN ('active', 'paused')), 0) AS seats_left,
       mine.id AS enrolment_id, mine.state AS enrolment_state, mine.enrolled_at
FROM cohorts c
JOIN programmes p ON p.id = c.programme_id
LEFT JOIN LATERAL (
    SELECT e.id, e.state, e.enrolled_at FROM enrolments e
    WHERE e.cohort_id = c.id AND e.user_id = @viewer ORDER BY e.attempt DESC LIMIT 1
) mine ON true
WHERE c.state <> 'draft'`

const (
	listSQL = listingSQL + ` AND (c.starts_on, c.id) < (CAST(@day AS date), CAST(@id AS uuid)) ORDER BY c.starts_on DESC, c.id DESC LIMIT @limit`
	oneSQL  = listingSQL + ` AND c.id = @id`
)

func (c *Cohort) list(ctx context.Context, viewer uuid.UUID, after Position, limit int) ([]Listing, error) {
	if after.ID == uuid.Nil {
		after = Position{StartsOn: time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC), ID: uuid.Max}
	}
	all, err := gorm.G[Listing](c.db.Conn(ctx)).Raw(listSQL, sql.Named("viewer", viewer),
		sql.Named("day", after.StartsOn), sql.Named("id", after.ID), sql.Named("limit", limit)).Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("list cohorts: %w", err)
	}
	return all, nil
}

func (c *Cohort) one(ctx context.Context, viewer, id uuid.UUID) ([]Listing, error) {
	found, err := gorm.G[Listing](c.db.Conn(ctx)).Raw(oneSQL, sql.Named("viewer", viewer), sql.Named("id", id)).Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("read a cohort: %w", err)
	}
	return found, nil
}

const seatedSQL = `
SELECT c.id AS cohort_id, c.name AS cohort, c.state AS run, e.state, e.enrolled_at
FROM (SELECT DISTINCT ON (cohort_id) cohort_id, state, enrolled_at FROM enrolments WHERE user_id = ? ORDER BY cohort_id, attempt DESC) e
JOIN cohorts c ON c.id = e.cohort_id ORDER BY e.enrolled_at DESC, c.id LIMIT 100`

func (c *Cohort) seated(ctx context.Context, userID uuid.UUID) ([]Seated, error) {
	found, err := gorm.G[Seated](c.db.Conn(ctx)).Raw(seatedSQL, userID).Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the seats of somebody: %w", err)
	}
	return found, nil
}

const lockPersonSQL = `
SELECT u.id, coalesce(u.state = 'active' AND a.level = 'full' AND (a.until IS NULL OR a.until > @now), false) AS member
FROM users u LEFT JOIN member_access a ON a.user_id = u.id
WHERE u.id = @user FOR NO KEY UPDATE OF u`

func (c *Cohort) lockPerson(ctx context.Context, userID uuid.UUID, now time.Time) (member bool, err error) {
	type person struct {
		ID     uuid.UUID
		Member bool
	}
	found, err := gorm.G[person](c.db.Conn(ctx)).Raw(lockPersonSQL, sql.Named("user", userID), sql.Named("now", now)).Find(ctx)
	if err != nil {
		return false, fmt.Errorf("lock a person: %w", err)
	}
	return len(found) == 1 && found[0].Member, nil
}

const lockSQL = `
SELECT id, programme_id, version_id, name, state, time_zone, starts_on, ends_on, registration_opens_at, registration_closes_at, capacity, created_at
FROM cohorts WHERE id = ? FOR UPDATE`

// lockAny is lock for drafts too.
func (c *Cohort) lockAny(ctx context.Context, id uuid.UUID) (Run, error) {
	found, err := gorm.G[Run](c.db.Conn(ctx)).Raw(lockSQL, id).Find(ctx)
	switch {
	case err != nil:
		return Run{}, fmt.Errorf("lock a cohort: %w", err)
	case len(found) == 0:
		return Run{}, fault.ErrNotFound
	}
	return found[0], nil
}

func (c *Cohort) lock(ctx context.Context, id uuid.UUID) (Run, error) {
	run, err := c.lockAny(ctx, id)
	if err == nil && run.State == Draft {
		return Run{}, fault.ErrNotFound
	}
	return run, err
}

// standing is how things are in a locked cohort for one person.
type standing struct {
	mine            Enrolment // live; the zero Enrolment when she has none
	elsewhere       bool
	attempts, taken int64
}

const seatsSQL = `
SELECT mine.id, mine.enrolled_at, mine.state, coalesce(mine.attempt, 0) AS attempt,
       (SELECT coalesce(max(e.attempt), 0) FROM enrolments e WHERE e.cohort_id = @cohort AND e.user_id = @user) AS attempts,
       (SELECT count(*) FROM enrolments e WHERE e.cohort_id = @cohort AND e.state IN ('active', 'paused')) AS taken,
       EXISTS (SELECT 1 FROM enrolments e JOIN cohorts o ON o.id = e.cohort_id
               WHERE e.user_id = @user AND e.cohort_id <> @cohort AND e.state IN ('active', 'paused')
                 AND o.programme_id = @programme AND o.state NOT IN ('completed', 'cancelled')) AS elsewhere
FROM (SELECT 1) one
LEFT JOIN enrolments mine ON mine.cohort_id = @cohort AND mine.user_id = @user AND mine.state IN ('active', 'paused')`

func (c *Cohort) seats(ctx context.Context, run Run, userID uuid.UUID) (standing, error) {
	type row struct {
		ID         uuid.UUID
		EnrolledAt *time.Time
		State      *Seat
		Attempt    int64
		Attempts   int64
		Taken      int64
		Elsewhere  bool
	}
	found, err := gorm.G[row](c.db.Conn(ctx)).Raw(seatsSQL, sql.Named("cohort", run.ID), sql.Named("user", userID),
		sql.Named("programme", run.ProgrammeID)).Find(ctx)
	if err != nil || len(found) != 1 {
		return standing{}, fmt.Errorf("count the seats of a cohort: %w", err)
	}
	r := found[0]
	s := standing{elsewhere: r.Elsewhere, attempts: r.Attempts, taken: r.Taken}
	if r.ID != uuid.Nil {
		s.mine = Enrolment{ID: r.ID, CohortID: run.ID, UserID: userID, Attempt: r.Attempt, State: *r.State, EnrolledAt: *r.EnrolledAt}
	}
	return s, nil
}

const insertSeatSQL = `
WITH seat AS (
    INSERT INTO enrolments (id, cohort_id, user_id, attempt, state, enrolled_at)
    VALUES (@id, @cohort, @user, @attempt, @state, @at) RETURNING id
)
INSERT INTO enrolment_events (id, enrolment_id, from_state, to_state, actor_id, at)
SELECT CAST(@event AS uuid), seat.id, '', CAST(@state AS text), CAST(@user AS uuid), CAST(@at AS timestamptz) FROM seat`

func (c *Cohort) insertSeat(ctx context.Context, e Enrolment) error {
	err := gorm.G[Enrolment](c.db.Conn(ctx)).Exec(ctx, insertSeatSQL, sql.Named("id", e.ID), sql.Named("cohort", e.CohortID),
		sql.Named("user", e.UserID), sql.Named("attempt", e.Attempt), sql.Named("state", e.State), sql.Named("at", e.EnrolledAt),
		sql.Named("event", pg.NewID()))
	if err != nil {
		return fmt.Errorf("add an enrolment: %w", err)
	}
	return nil
}

// move is a change of state of the live seats of a cohort, or of one person's.
type move struct {
	cohort, user, actor uuid.UUID // user: uuid.Nil for all
	from                []Seat
	to                  Seat
	at                  time.Time
}

const moveSQL = `
WITH was AS (
    SELECT id, state FROM enrolments
    WHERE cohort_id = @cohort AND (CAST(@user AS uuid) = CAST(@nobody AS uuid) OR user_id = @user) AND state = ANY (CAST(@from AS text[]))
    FOR UPDATE
), now AS (
    UPDATE enrolments e SET state = @to, ended_at = CASE WHEN @to IN ('completed', 'withdrawn') THEN CAST(@at AS timestamptz) END
    FROM was WHERE e.id = was.id RETURNING e.id, e.user_id, was.state AS was
), events AS (
    INSERT INTO enrolment_events (id, enrolment_id, from_state, to_state, actor_id, at)
    SELECT gen_random_uuid(), now.id, now.was, CAST(@to AS text), nullif(CAST(@actor AS uuid), CAST(@nobody AS uuid)), CAST(@at AS timestamptz) FROM now
)
SELECT now.user_id FROM now`

// moveSeats gives the people whose seat has moved.
func (c *Cohort) moveSeats(ctx context.Context, m move) ([]uuid.UUID, error) {
	from := make([]string, len(m.from))
	for n, s := range m.from {
		from[n] = string(s)
	}
	type row struct{ UserID uuid.UUID }
	found, err := gorm.G[row](c.db.Conn(ctx)).Raw(moveSQL, sql.Named("cohort", m.cohort), sql.Named("user", m.user),
		sql.Named("actor", m.actor), sql.Named("nobody", uuid.Nil), sql.Named("from", "{"+strings.Join(from, ",")+"}"),
		sql.Named("to", m.to), sql.Named("at", m.at)).Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("move enrolments: %w", err)
	}
	ids := make([]uuid.UUID, len(found))
	for n, r := range found {
		ids[n] = r.UserID
	}
	return ids, nil
}

func (c *Cohort) seatsOf(ctx context.Context, userID uuid.UUID) ([]uuid.UUID, error) {
	const live = `SELECT cohort_id AS id FROM enrolments WHERE user_id = ? AND state IN ('active', 'paused') ORDER BY cohort_id`
	found, err := gorm.G[struct{ ID uuid.UUID }](c.db.Conn(ctx)).Raw(live, userID).Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the seats of a person: %w", err)
	}
	ids := make([]uuid.UUID, len(found))
	for n, r := range found {
		ids[n] = r.ID
	}
	return ids, nil
}

func (c *Cohort) programmeOf(ctx context.Context, version uuid.UUID) (uuid.UUID, error) {
	row, err := gorm.G[struct{ ProgrammeID uuid.UUID }](c.db.Conn(ctx)).Raw(`SELECT programme_id FROM programme_versions WHERE id = ?`, version).Take(ctx)
	if err != nil {
		return uuid.Nil, fmt.Errorf("find the programme of a version: %w", err)
	}
	return row.ProgrammeID, nil
}

func (c *Cohort) insertRun(ctx context.Context, run Run, breaks []Break) error {
	if err := gorm.G[Run](c.db.Conn(ctx)).Create(ctx, &run); err != nil {
		return fmt.Errorf("add a cohort: %w", err)
	}
	if len(breaks) == 0 {
		return nil
	}
	if err := gorm.G[Break](c.db.Conn(ctx)).CreateInBatches(ctx, &breaks, len(breaks)); err != nil {
		return fmt.Errorf("add the breaks of a cohort: %w", err)
	}
	return nil
}

func (c *Cohort) updateState(ctx context.Context, id uuid.UUID, to State) error {
	if _, err := gorm.G[Run](c.db.Conn(ctx)).Where("id = ?", id).Update(ctx, "state", to); err != nil {
		return fmt.Errorf("change the state of a cohort: %w", err)
	}
	return nil
}

func (c *Cohort) insertCoach(ctx context.Context, id, userID uuid.UUID) error {
	const add = `INSERT INTO cohort_coaches (cohort_id, user_id) VALUES (?, ?) ON CONFLICT DO NOTHING`
	if err := gorm.G[Run](c.db.Conn(ctx)).Exec(ctx, add, id, userID); err != nil {
		return fmt.Errorf("add a coach: %w", err)
	}
	return nil
}

func (c *Cohort) leads(ctx context.Context, userID, id uuid.UUID) (bool, error) {
	const query = `
SELECT EXISTS (SELECT 1 FROM held_roles h WHERE h.user_id = @user AND h.role = 'coach' AND (h.ends_at IS NULL OR h.ends_at > @now)
    AND (h.cohort_id = @cohort OR (h.cohort_id IS NULL AND h.space_id IS NULL
        AND EXISTS (SELECT 1 FROM cohort_coaches c WHERE c.cohort_id = @cohort AND c.user_id = @user)))) AS leads`
	found, err := pg.First[struct{ Leads bool }](ctx, c.db, query, sql.Named("user", userID), sql.Named("cohort", id), sql.Named("now", c.clock.Now()))
	if err != nil {
		return false, fmt.Errorf("look who leads a cohort: %w", err)
	}
	return found.Leads, nil
}

func (c *Cohort) deleteCoach(ctx context.Context, id, userID uuid.UUID) error {
	if err := gorm.G[Run](c.db.Conn(ctx)).Exec(ctx, `DELETE FROM cohort_coaches WHERE cohort_id = ? AND user_id = ?`, id, userID); err != nil {
		return fmt.Errorf("remove a coach: %w", err)
	}
	return nil
}
