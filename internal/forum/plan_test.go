package forum

import (
	"context"
	"database/sql"
	"encoding/json"
	"testing"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

// avid is one who has been everywhere: so many markers, half of them in her
// cohort and half in a space for all, which is given too.
func (w *world) avid(markers int) (account.Actor, uuid.UUID) {
	w.t.Helper()
	c := w.circle()
	plaza := w.space(NewSpace{Kind: Global})
	const batch = 5000 // a statement has a few seconds
	for from := 0; from < markers; from += batch {
		space := []uuid.UUID{c.space, plaza}[from/batch%2]
		// Of every tenth topic the last posts are unread.
		w.exec(`WITH t AS (
				INSERT INTO topics (id, space_id, author_id, title, highest_post_number, posts_count, version, created_at, bumped_at)
				SELECT gen_random_uuid(), $1, $2, 'Topic ' || n, 20, 20, 1, $3, $3::timestamptz - n * interval '1 second'
				FROM generate_series($4::bigint, $4::bigint + $5 - 1) n RETURNING id
			)
			INSERT INTO topic_reads (user_id, topic_id, last_read_number, updated_at)
			SELECT $6, id, CASE WHEN row_number() OVER () % 10 = 0 THEN 15 ELSE 20 END, $3 FROM t`,
			space, c.coach.ID, noon(), from, batch, c.member.ID)
	}
	// Others read too, so that statistics say nothing about her alone.
	w.exec(`INSERT INTO topic_reads (user_id, topic_id, last_read_number, updated_at) SELECT $1, id, 20, $2 FROM topics LIMIT 1000`, c.coach.ID, noon())
	w.exec(`UPDATE users SET created_at = '2020-01-01'`)
	w.exec(`UPDATE enrolments SET enrolled_at = '2020-01-01'`)
	w.exec(`ANALYZE`)
	return c.member, plaza
}

// hot are the statements that a heavy reader runs all the time.
func (w *world) hot(who account.Actor, space uuid.UUID) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"unread":     func(ctx context.Context) error { _, err := w.Unread(ctx, who, 30); return err },
		"topic list": func(ctx context.Context) error { _, err := w.Topics(ctx, who, space, "", 30); return err },
	}
}

// Run it by: go test ./internal/forum -run none -bench HeavyReader.
func BenchmarkHeavyReader(b *testing.B) {
	w := newWorld(b, b.Context(), pgtest.New(b))
	who, plaza := w.avid(200_000)
	for name, call := range w.hot(who, plaza) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				ok(b, call(w.ctx))
			}
		})
	}
}

// node is a step of a plan as EXPLAIN writes it.
type node struct {
	Relation string  `json:"Relation Name"`          //nolint:tagliatelle // the words of PostgreSQL
	Rows     float64 `json:"Actual Rows"`            //nolint:tagliatelle // the words of PostgreSQL
	Loops    float64 `json:"Actual Loops"`           //nolint:tagliatelle // the words of PostgreSQL
	Removed  float64 `json:"Rows Removed by Filter"` //nolint:tagliatelle // the words of PostgreSQL
	Plans    []node
}

// touched is how many rows of a table a plan reads.
func (n node) touched(table string) float64 {
	sum := 0.0
	if n.Relation == table {
		sum = (n.Rows + n.Removed) * n.Loops
	}
	for _, child := range n.Plans {
		sum += child.touched(table)
	}
	return sum
}

func (w *world) plan(query string, args ...any) node {
	w.t.Helper()
	type row struct {
		Plan string `gorm:"column:QUERY PLAN"`
	}
	found, err := gorm.G[row](w.db.Conn(w.ctx)).Raw("EXPLAIN (ANALYZE, FORMAT JSON) "+query, args...).Find(w.ctx)
	ok(w.t, err)
	var plans []struct{ Plan node }
	ok(w.t, json.Unmarshal([]byte(found[0].Plan), &plans))
	return plans[0].Plan
}

func TestNoPlanReadsAllMarkersOfAHeavyReader(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t.Context(), pgtest.New(t))
	const markers = 20_000
	who, plaza := w.avid(markers)
	s, err := w.scope(w.ctx, who)
	ok(t, err)
	shared := []any{
		sql.Named("viewer", who.ID), sql.Named("now", noon()), sql.Named("limit", 30), sql.Named("space", plaza),
		sql.Named("visible", array(s.visible())), sql.Named("at", noon().Add(1)), sql.Named("id", uuid.Max),
		sql.Named("hidden", nobody),
	}
	for _, c := range []struct {
		name, query string
		topics      float64 // at most
		most        int
	}{{"unread", unreadSQL, 2 * lookedAt, lookedAt}, {"topic list", topicsSQL, 30, 30}, {"topic list without somebody", shadowTopicsSQL, 31, 30}} {
		plan := w.plan(c.query, append(shared, sql.Named("most", c.most))...)
		if got := plan.touched("topic_reads"); got > c.topics || got == 0 {
			t.Errorf("%s reads %v of %d markers, at most %v", c.name, got, markers, c.topics)
		}
		if got := plan.touched("topics"); got > c.topics || got == 0 {
			t.Errorf("%s reads %v topics, at most %v", c.name, got, c.topics)
		}
	}
}
