package forum

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/audit"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/outbox"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
	"github.com/womens-tech-conservatory/conservatory/pkg/cursor"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// world is a database with a forum on it, and ways to put people into it.
type world struct {
	*Forum
	t   testing.TB
	ctx context.Context
	now *clock.Manual
}

func noon() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

func newWorld(t testing.TB, ctx context.Context, db *pg.DB) *world {
	t.Helper()
	now := clock.NewManual(noon())
	sealer, err := cursor.New(make([]byte, 32), 24*time.Hour, now.Now)
	if err != nil {
		t.Fatal(err)
	}
	return &world{New(db, now, outbox.New(db, now), audit.New(db, now), sealer), t, ctx, now}
}

// inTx is a world that vanishes with the test.
func inTx(t testing.TB) *world {
	t.Helper()
	ctx, db := pgtest.Tx(t)
	return newWorld(t, ctx, db)
}

func (w *world) exec(sql string, args ...any) {
	w.t.Helper()
	var err error
	if tx, ok := w.db.Tx(w.ctx); ok {
		_, err = tx.Exec(w.ctx, sql, args...)
	} else {
		_, err = w.db.Pool().Exec(w.ctx, sql, args...)
	}
	if err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
}

func (w *world) number(sql string, args ...any) (n int) {
	w.t.Helper()
	var err error
	if tx, ok := w.db.Tx(w.ctx); ok {
		err = tx.QueryRow(w.ctx, sql, args...).Scan(&n)
	} else {
		err = w.db.Pool().QueryRow(w.ctx, sql, args...).Scan(&n)
	}
	if err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
	return n
}

// person has an account and, unless level is empty, an access row.
func (w *world) person(level string, roles ...account.Role) account.Actor {
	w.t.Helper()
	a := account.Actor{ID: pg.NewID(), SessionID: pg.NewID(), Verified: true, Roles: roles}
	w.exec(`INSERT INTO users (id, email, email_key, display_name, time_zone, state, version, created_at, updated_at)
		VALUES ($1, $2, $2, 'Maria', 'UTC', 'active', 1, $3, $3)`, a.ID, a.ID.String()+"@example.org", noon().Add(-48*time.Hour))
	if level != "" {
		w.access(a, level, nil)
	}
	for _, r := range roles {
		w.exec(`INSERT INTO user_roles (user_id, role, granted_at) VALUES ($1, $2, $3)`, a.ID, string(r), noon())
	}
	return a
}

// role gives a role that is limited.
func (w *world) role(a account.Actor, r account.Role, in account.Scope, ends *time.Time) {
	w.t.Helper()
	w.exec(`INSERT INTO limited_roles (id, user_id, role, cohort_id, space_id, granted_at, ends_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		pg.NewID(), a.ID, string(r), uuid.NullUUID{UUID: in.CohortID, Valid: in.CohortID != uuid.Nil},
		uuid.NullUUID{UUID: in.SpaceID, Valid: in.SpaceID != uuid.Nil}, noon().Add(-time.Hour), ends)
}

func (w *world) access(a account.Actor, level string, until *time.Time) {
	w.t.Helper()
	w.exec(`INSERT INTO member_access (user_id, level, reason, until, notice, pay_url, updated_at) VALUES ($1, $2, 'subscription', $3, '', '', $4)
		ON CONFLICT (user_id) DO UPDATE SET level = excluded.level, until = excluded.until`, a.ID, level, until, noon())
}

func (w *world) cohort() uuid.UUID {
	w.t.Helper()
	programme, version, id := pg.NewID(), pg.NewID(), pg.NewID()
	w.exec(`INSERT INTO programmes (id, slug, title) VALUES ($1, $2, 'Return to tech')`, programme, programme.String())
	w.exec(`INSERT INTO programme_versions (id, programme_id, number, state) VALUES ($1, $2, 1, 'published')`, version, programme)
	w.exec(`INSERT INTO cohorts (id, programme_id, version_id, name, state, time_zone, starts_on, ends_on, capacity, created_at)
		VALUES ($1, $2, $3, 'Winter', 'running', 'UTC', '2026-11-01', '2027-02-01', 40, $4)`, id, programme, version, noon())
	return id
}

func (w *world) seat(a account.Actor, cohort uuid.UUID, state string) {
	w.t.Helper()
	w.exec(`INSERT INTO enrolments (id, cohort_id, user_id, attempt, state, enrolled_at) VALUES ($1, $2, $3, 1, $4, $5)`,
		pg.NewID(), cohort, a.ID, state, noon().Add(-24*time.Hour))
}

func (w *world) coach(a account.Actor, cohort uuid.UUID) {
	w.t.Helper()
	w.exec(`INSERT INTO cohort_coaches (cohort_id, user_id) VALUES ($1, $2)`, cohort, a.ID)
}

func (w *world) space(n NewSpace) uuid.UUID {
	w.t.Helper()
	n.Slug, n.Title = pg.NewID().String(), "A space"
	s, err := w.CreateSpace(w.ctx, n)
	if err != nil {
		w.t.Fatal(err)
	}
	return s.ID
}

// circle is a cohort with a space, a member in it and her coach.
type circle struct {
	cohort, space uuid.UUID
	member, coach account.Actor
}

func (w *world) circle() circle {
	w.t.Helper()
	c := circle{cohort: w.cohort(), member: w.person("full"), coach: w.person("", account.Coach)}
	c.space = w.space(NewSpace{Kind: Cohort, CohortID: c.cohort})
	w.seat(c.member, c.cohort, "active")
	w.coach(c.coach, c.cohort)
	return c
}

func (w *world) opened(a account.Actor, space uuid.UUID) TopicView {
	w.t.Helper()
	t, err := w.Open(w.ctx, a, space, NewTopic{Title: "My first week", Body: "I wrote my **first** function."})
	if err != nil {
		w.t.Fatal(err)
	}
	return t
}

func (w *world) replied(a account.Actor, topic uuid.UUID) PostView {
	w.t.Helper()
	p, err := w.Reply(w.ctx, a, topic, NewPost{Body: "Well done!"})
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// is expects a fault and nothing but it.
func is(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
