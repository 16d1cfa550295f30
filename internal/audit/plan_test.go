package audit

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

// people and filling make 400 of them and 50,000 entries in two years: 25
// actions, mostly on people, in 20,000 requests.
const (
	people = `INSERT INTO users (id, email, email_key, display_name, time_zone, state, version, created_at, updated_at)
SELECT ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, n || '@example.org', n || '@example.org', 'Member', 'UTC', 'active', 1, now(), now()
FROM generate_series(0, 399) n`
	filling = `INSERT INTO audit_log (id, at, actor_id, action, target_kind, target_id, detail, request_id, subject_id)
SELECT gen_random_uuid(), now() - n * interval '21 minutes', ('00000000-0000-7000-8000-' || lpad((n % 400)::text, 12, '0'))::uuid, 'thing.act-' || n % 25,
    CASE n % 50 WHEN 0 THEN 'signing-key' ELSE 'user' END,
    CASE n % 50 WHEN 0 THEN md5((n % 500)::text) ELSE '00000000-0000-7000-8000-' || lpad((n * 7 % 400)::text, 12, '0') END,
    '{}', CASE n % 3 WHEN 0 THEN '' ELSE 'request-' || n % 20000 END,
    CASE n % 20 WHEN 0 THEN ('00000000-0000-7000-8000-' || lpad((n * 3 % 400)::text, 12, '0'))::uuid END
FROM generate_series(1, 50000) n`
)

func TestEachFilterOfTheLogHasItsIndex(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	if _, err := db.Pool().Exec(t.Context(), `SET statement_timeout = 0; `+people+`; `+filling+`; ANALYZE audit_log`); err != nil {
		t.Fatal(err)
	}
	someone := uuid.MustParse("00000000-0000-7000-8000-000000000007")
	then := time.Now().Add(-300 * 24 * time.Hour)
	behind := Position{At: then, ID: uuid.New()}
	for name, c := range map[string]struct {
		filter  Filter
		after   Position
		indexes []string
	}{
		"nothing":              {Filter{}, Position{}, []string{"audit_log_at_idx"}},
		"a later page":         {Filter{}, behind, []string{"audit_log_at_idx"}},
		"who acted":            {Filter{ActorID: someone}, behind, []string{"audit_log_actor_idx"}},
		"an action":            {Filter{Action: "thing.act-3"}, Position{}, []string{"audit_log_action_idx"}},
		"an action, later":     {Filter{Action: "thing.act-3"}, behind, []string{"audit_log_action_idx"}},
		"an action never done": {Filter{Action: "thing.never"}, Position{}, []string{"audit_log_action_idx"}},
		"a target":             {Filter{TargetKind: "user", TargetID: someone.String()}, Position{}, []string{"audit_log_target_"}},
		"a target by its id":   {Filter{TargetID: someone.String()}, Position{}, []string{"audit_log_target_id_idx"}},
		"a rare kind":          {Filter{TargetKind: "rare"}, Position{}, []string{"audit_log_target_idx"}},
		"a request":            {Filter{RequestID: "request-44"}, Position{}, []string{"audit_log_request_id_idx"}},
		"a day":                {Filter{From: then, To: then.Add(24 * time.Hour)}, Position{}, []string{"audit_log_at_idx"}},
		"herself":              {Filter{About: someone}, Position{}, []string{"audit_log_actor_idx", "audit_log_target_", "audit_log_subject_idx"}},
		"herself, later":       {Filter{About: someone}, behind, []string{"audit_log_actor_idx", "audit_log_target_", "audit_log_subject_idx"}},
	} {
		plan := explained(t, db.Conn(t.Context()), c.filter, c.after)
		for _, index := range c.indexes {
			if !strings.Contains(plan, index) {
				t.Errorf("%s does not use %s:\n%s", name, index, plan)
			}
		}
		if strings.Contains(plan, "Seq Scan") {
			t.Errorf("%s reads the whole log:\n%s", name, plan)
		}
	}
}

func explained(t *testing.T, conn *gorm.DB, f Filter, after Position) string {
	t.Helper()
	type row struct {
		Line string `gorm:"column:QUERY PLAN"`
	}
	rows, err := gorm.G[row](conn).Raw("EXPLAIN "+readSQL(f, after), readArgs(f, after, 31)...).Find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var plan strings.Builder
	for _, r := range rows {
		plan.WriteString(r.Line + "\n")
	}
	return plan.String()
}
