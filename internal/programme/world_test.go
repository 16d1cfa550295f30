package programme

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// world is a database with a programme in it, on 1 December 2026 at noon.
type world struct {
	t     testing.TB
	db    *pg.DB
	clock *clock.Manual
	p     *Programme
	// The items: a module with a first and a second lesson, and a milestone
	// that comes a week after the start and requires the second lesson.
	module, first, second, milestone uuid.UUID
	version                          uuid.UUID
}

func newWorld(ctx context.Context, t testing.TB, db *pg.DB) *world {
	t.Helper()
	c := clock.NewManual(time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC))
	w := &world{t: t, db: db, clock: c, p: New(db, c), module: pg.NewID(), first: pg.NewID(), second: pg.NewID(), milestone: pg.NewID()}
	var err error
	if w.version, err = w.p.Publish(ctx, w.content()); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) content() NewVersion {
	week := int64(7)
	return NewVersion{Slug: "return-" + w.module.String(), Title: "Return to tech", Items: []NewItem{
		{Lineage: w.module, Kind: Module, Title: "Looking back"},
		{Lineage: w.first, Module: w.module, Kind: Lesson, Title: "Where you are", Mandatory: true, Minutes: 20},
		{Lineage: w.second, Module: w.module, Kind: Lesson, Title: "What you learnt", Mandatory: true, Minutes: 30, Requires: []uuid.UUID{w.first}},
		{Lineage: w.milestone, Kind: Milestone, Title: "A first talk", ReleaseDays: &week, ReleaseMinute: 540, Requires: []uuid.UUID{w.second}},
	}}
}

func (w *world) exec(ctx context.Context, sql string, args ...any) {
	w.t.Helper()
	run := w.db.Pool().Exec
	if tx, ok := w.db.Tx(ctx); ok {
		run = tx.Exec
	}
	if _, err := run(ctx, sql, args...); err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
}

// member has full access.
func (w *world) member(ctx context.Context) account.Actor {
	w.t.Helper()
	id := pg.NewID()
	w.exec(ctx, `INSERT INTO users (id, email, email_key, display_name, time_zone, state, version, created_at, updated_at)
		VALUES ($1, $2, $2, 'Maria', 'UTC', 'active', 1, $3, $3)`, id, id.String()+"@example.org", w.clock.Now())
	w.exec(ctx, `INSERT INTO member_access (user_id, level, reason, until, notice, pay_url, updated_at)
		VALUES ($1, 'full', 'subscription', NULL, '', '', $2)`, id, w.clock.Now())
	return account.Actor{ID: id, Verified: true}
}

// cohort is on the version of the world, in New York.
func (w *world) cohort(ctx context.Context, state, starts, ends string) uuid.UUID {
	w.t.Helper()
	id := pg.NewID()
	w.exec(ctx, `INSERT INTO cohorts (id, programme_id, version_id, name, state, time_zone, starts_on, ends_on, capacity, created_at)
		SELECT $1, programme_id, id, 'Winter', $3, 'America/New_York', $4::text::date, $5::text::date, 20, $6 FROM programme_versions WHERE id = $2`,
		id, w.version, state, starts, ends, w.clock.Now())
	return id
}

func (w *world) enrol(ctx context.Context, who account.Actor, cohortID uuid.UUID, state string, attempt int) uuid.UUID {
	w.t.Helper()
	id := pg.NewID()
	w.exec(ctx, `INSERT INTO enrolments (id, cohort_id, user_id, attempt, state, enrolled_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		id, cohortID, who.ID, attempt, state, w.clock.Now())
	return id
}

func (w *world) outline(ctx context.Context, who account.Actor, cohortID uuid.UUID) Outline {
	w.t.Helper()
	o, err := w.p.Outline(ctx, who, cohortID)
	if err != nil {
		w.t.Fatal(err)
	}
	return o
}

func (w *world) complete(ctx context.Context, who account.Actor, id uuid.UUID) OutlineItem {
	w.t.Helper()
	i, err := w.p.Complete(ctx, who, id)
	if err != nil {
		w.t.Fatal(err)
	}
	return i
}
