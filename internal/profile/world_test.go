package profile_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/audit"
	"github.com/womens-tech-conservatory/conservatory/internal/blob"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/job"
	"github.com/womens-tech-conservatory/conservatory/internal/outbox"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
	"github.com/womens-tech-conservatory/conservatory/internal/profile"
	"github.com/womens-tech-conservatory/conservatory/pkg/cursor"
	"github.com/womens-tech-conservatory/conservatory/pkg/picture"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// world is a database with profiles on it, and ways to put people into it.
type world struct {
	*profile.Profile
	t   testing.TB
	ctx context.Context
	db  *pg.DB
	now *clock.Manual

	files *disk
}

func newWorld(t testing.TB, ctx context.Context, db *pg.DB) *world {
	t.Helper()
	now := clock.NewManual(noon)
	sealer, err := cursor.New(make([]byte, 32), 24*time.Hour, now.Now)
	ok(t, err)
	queue, err := job.New(db, job.Config{})
	ok(t, err)
	files, err := blob.Open(ctx, "mem://")
	ok(t, err)
	w := &world{t: t, ctx: ctx, db: db, now: now, files: &disk{Store: files}}
	w.Profile = profile.New(db, now, profile.Config{
		Queue: queue, Outbox: outbox.New(db, now), Audit: audit.New(db, now), Cursors: sealer, Files: w.files,
		Pictures: picture.New(1, 16, time.Minute), // no test depends on how busy the machine is
	})
	return w
}

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
	ok(w.t, err)
}

// person has an account and, unless level is empty, an access row.
func (w *world) person(name, level string, roles ...account.Role) account.Actor {
	w.t.Helper()
	a := account.Actor{ID: pg.NewID(), Verified: true, Roles: roles}
	w.exec(`INSERT INTO users (id, email, email_key, display_name, time_zone, state, version, created_at, updated_at)
		VALUES ($1, $2, $2, $3, 'Europe/Madrid', 'active', 1, $4, $4)`, a.ID, a.ID.String()+"@example.org", name, noon)
	if level != "" {
		w.exec(`INSERT INTO member_access (user_id, level, reason, notice, pay_url, updated_at) VALUES ($1, $2, 'subscription', '', '', $3)`, a.ID, level, noon)
	}
	for _, r := range roles {
		w.exec(`INSERT INTO user_roles (user_id, role, granted_at) VALUES ($1, $2, $3)`, a.ID, string(r), noon)
	}
	return a
}

func (w *world) cohort(members ...account.Actor) uuid.UUID {
	w.t.Helper()
	programme, version, id := pg.NewID(), pg.NewID(), pg.NewID()
	w.exec(`INSERT INTO programmes (id, slug, title) VALUES ($1, $2, 'Return to tech')`, programme, programme.String())
	w.exec(`INSERT INTO programme_versions (id, programme_id, number, state) VALUES ($1, $2, 1, 'published')`, version, programme)
	w.exec(`INSERT INTO cohorts (id, programme_id, version_id, name, state, time_zone, starts_on, ends_on, capacity, created_at)
		VALUES ($1, $2, $3, 'Winter', 'running', 'UTC', '2026-11-01', '2027-02-01', 40, $4)`, id, programme, version, noon)
	for _, m := range members {
		w.exec(`INSERT INTO enrolments (id, cohort_id, user_id, attempt, state, enrolled_at) VALUES ($1, $2, $3, 1, 'active', $4)`, pg.NewID(), id, m.ID, noon)
	}
	return id
}

func (w *world) coach(a account.Actor, cohort uuid.UUID) {
	w.t.Helper()
	w.exec(`INSERT INTO cohort_coaches (cohort_id, user_id) VALUES ($1, $2)`, cohort, a.ID)
}

func (w *world) change(who account.Actor, e profile.Edit) {
	w.t.Helper()
	_, err := w.Change(w.ctx, who, e, "")
	ok(w.t, err)
}

// names lists whom she finds, in order.
func (w *world) names(who account.Actor, q profile.Query) []string {
	w.t.Helper()
	page, _, err := w.Directory(w.ctx, who, q)
	ok(w.t, err)
	list := []string{}
	for _, m := range page {
		list = append(list, m.DisplayName)
	}
	return list
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func is(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}
