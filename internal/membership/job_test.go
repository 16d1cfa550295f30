package membership_test

import (
	"context"
	"testing"
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/job"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
	"github.com/womens-tech-conservatory/conservatory/internal/outbox"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

func TestTheJobBringsAccessUpToDate(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	c := clock.NewManual(noon)
	m := membership.New(db, c, outbox.New(db, c))
	q, err := job.New(db, job.Config{Poll: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	m.Work(q)
	user := pg.NewID()
	if _, err := db.Pool().Exec(t.Context(), `INSERT INTO users (id, email, email_key, display_name, time_zone, state, version, created_at, updated_at)
		VALUES ($1, 'a@x.test', 'a@x.test', 'Ada', 'UTC', 'active', 1, now(), now())`, user); err != nil {
		t.Fatal(err)
	}
	end := noon.Add(time.Hour)
	if _, err := m.Grant(t.Context(), membership.Grant{UserID: user, Kind: "gift", EndsAt: &end, Reason: "a gift"}); err != nil {
		t.Fatal(err)
	}
	c.Set(end)
	if err := q.Enqueue(t.Context(), membership.ExpireAccess()); err != nil {
		t.Fatal(err)
	}
	if err := q.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := q.WaitIdle(ctx); err != nil {
		t.Fatal(err)
	}
	if err := q.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	var level string
	if err := db.Pool().QueryRow(t.Context(), `SELECT level FROM member_access WHERE user_id = $1`, user).Scan(&level); err != nil || level != "none" {
		t.Errorf("kept %q, %v", level, err)
	}
}
