package profile

import (
	"database/sql"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

// node is a step of a plan as EXPLAIN writes it.
type node struct {
	Relation string  `json:"Relation Name"`          //nolint:tagliatelle // the words of PostgreSQL
	Rows     float64 `json:"Actual Rows"`            //nolint:tagliatelle // the words of PostgreSQL
	Loops    float64 `json:"Actual Loops"`           //nolint:tagliatelle // the words of PostgreSQL
	Removed  float64 `json:"Rows Removed by Filter"` //nolint:tagliatelle // the words of PostgreSQL
	Plans    []node
}

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

func TestNoPlanReadsTheWholeDirectory(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	who := uuid.Nil
	const members = 5000
	for _, step := range []string{
		`INSERT INTO users (id, email, email_key, display_name, time_zone, state, version, created_at, updated_at)
			SELECT gen_random_uuid(), n || '@example.org', n || '@example.org', 'Member ' || md5(n::text), 'UTC', 'active', 1, now(), now() FROM generate_series(1, 5000) n`,
		`INSERT INTO member_access (user_id, level, reason, notice, pay_url, updated_at) SELECT id, 'full', 'subscription', '', '', now() FROM users`,
		`UPDATE profiles SET headline = 'Rare' WHERE user_id IN (SELECT id FROM users ORDER BY id LIMIT 3)`,
		`ANALYZE`,
	} {
		if _, err := db.Pool().Exec(t.Context(), step); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Pool().QueryRow(t.Context(), `SELECT id FROM users LIMIT 1`).Scan(&who); err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		q    Query
		most float64
	}{"a page": {Query{Limit: 30}, 100}, "a search": {Query{Limit: 30, Q: "rare"}, 20}} {
		plan := explained(t, db, directorySQL(c.q), sql.Named("viewer", who), sql.Named("now", time.Now()), sql.Named("q", c.q.Q),
			sql.Named("name", ""), sql.Named("id", uuid.Nil), sql.Named("limit", 31))
		if got := plan.touched("profiles"); got > c.most || got == 0 {
			t.Errorf("%s reads %v of %d profiles, at most %v", what, got, members, c.most)
		}
	}
}

func explained(t *testing.T, db *pg.DB, query string, args ...any) node {
	t.Helper()
	type row struct {
		Plan string `gorm:"column:QUERY PLAN"`
	}
	found, err := gorm.G[row](db.Conn(t.Context())).Raw("EXPLAIN (ANALYZE, FORMAT JSON) "+query, args...).Find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var plans []struct{ Plan node }
	if err := json.Unmarshal([]byte(found[0].Plan), &plans); err != nil {
		t.Fatal(err)
	}
	return plans[0].Plan
}
