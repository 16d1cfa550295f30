package pg_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

// The privileges of production are a file for operators; here it is run.
func TestRolesOfProduction(t *testing.T) {
	t.Parallel()
	owner := pgtest.New(t)
	roles, err := os.ReadFile("../../deployments/postgres/roles.sql")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time changes nothing
		if _, err := owner.Pool().Exec(t.Context(), string(roles)); err != nil {
			t.Fatal(err)
		}
	}
	if count(t, owner, `SELECT count(*) FROM pg_proc, aclexplode(proacl) WHERE proname = 'forget_old_audit' AND grantee = 0`) != 0 {
		t.Error("everybody may make the audit log forget")
	}
	run(t, owner, `CREATE TABLE of_a_later_migration (id bigserial PRIMARY KEY, word text NOT NULL)`)
	app, err := pg.Open(t.Context(), pg.Config{URL: asApp(owner.URL()), MaxConns: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer app.Close()

	t.Run("the serving processes add to the audit log and read it", func(t *testing.T) {
		run(t, app, `INSERT INTO audit_log (id, at, action, target_kind, target_id, detail, request_id) VALUES (gen_random_uuid(), now(), 'a', 'b', 'c', '{}', '')`)
		if n := count(t, app, `SELECT count(*) FROM audit_log`); n != 1 {
			t.Errorf("%d entries", n)
		}
	})
	t.Run("they cannot change what it says, nor what guards it", func(t *testing.T) { refused(t, app) })
	t.Run("they make the log forget what is older than two years, and nothing younger", func(t *testing.T) {
		run(t, owner, `INSERT INTO audit_log (id, at, action, target_kind, target_id, detail, request_id)
			SELECT gen_random_uuid(), now() - age, 'a', 'b', 'c', '{}', '' FROM unnest(ARRAY[interval '3 years', interval '2 years 1 day', interval '729 days']) age`)
		if gone, left := count(t, app, `SELECT forget_old_audit(1000)`), count(t, app, `SELECT count(*) FROM audit_log`); gone != 2 || left != 2 {
			t.Errorf("%d went, %d are left", gone, left)
		}
	})
	t.Run("they may do everything else that is not the schema's", func(t *testing.T) {
		if diff := cmp.Diff(map[string]string{
			"audit_log": "SELECT INSERT", "membership_ledger": "SELECT INSERT", "fund_entries": "SELECT INSERT",
			"goose_db_version": "SELECT", "river_migration": "SELECT",
		}, lessThanAll(t, app)); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("they use tables and sequences that come later", func(t *testing.T) {
		run(t, app, `INSERT INTO of_a_later_migration (word) VALUES ('one')`)
		run(t, app, `UPDATE of_a_later_migration SET word = 'two'`)
		run(t, app, `DELETE FROM of_a_later_migration`)
	})
	t.Run("they can tell whether migrations are pending", func(t *testing.T) {
		pending, err := app.Pending(t.Context())
		if err != nil || len(pending) != 0 {
			t.Errorf("%v, %v", pending, err)
		}
	})
}

func refused(t *testing.T, app *pg.DB) {
	t.Helper()
	for _, sql := range []string{
		`UPDATE audit_log SET action = 'other'`,
		`DELETE FROM audit_log`,
		`TRUNCATE audit_log`,
		`DROP TABLE audit_log`,
		`ALTER TABLE audit_log ADD COLUMN more text`,
		`ALTER TABLE audit_log DISABLE TRIGGER audit_log_append_only`,
		`DROP TRIGGER audit_log_append_only ON audit_log`,
		`CREATE OR REPLACE FUNCTION audit_log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'`,
		`SET session_replication_role = replica`,
		`SELECT set_config('conservatory.forgets_audit', 'yes', false); DELETE FROM audit_log`,
		`CREATE OR REPLACE FUNCTION forget_old_audit(at_most integer) RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint'`,
		`UPDATE membership_ledger SET series = 'other'`,
		`TRUNCATE users CASCADE`,
	} {
		_, err := app.Pool().Exec(t.Context(), sql)
		var refusal *pgconn.PgError
		if !errors.As(err, &refusal) || refusal.Code != "42501" {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

// lessThanAll gives the tables on which the role may not do everything that
// is done to rows, and what it may do there.
func lessThanAll(t *testing.T, app *pg.DB) map[string]string {
	t.Helper()
	rows, err := app.Pool().Query(t.Context(), `SELECT c.relname, string_agg(p.name, ' ' ORDER BY p.at) FILTER (WHERE has_table_privilege(c.oid, p.name))
FROM pg_class c CROSS JOIN (VALUES (1, 'SELECT'), (2, 'INSERT'), (3, 'UPDATE'), (4, 'DELETE'), (5, 'TRUNCATE')) p (at, name)
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') GROUP BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	less := map[string]string{}
	var table, may string
	_, err = pgx.ForEachRow(rows, []any{&table, &may}, func() error {
		if may != "SELECT INSERT UPDATE DELETE" {
			less[table] = may
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return less
}

// asApp makes every connection run as the serving role from its start.
func asApp(url string) string {
	if strings.Contains(url, "?") {
		return url + "&role=conservatory_app"
	}
	return url + "?role=conservatory_app"
}

func run(t *testing.T, db *pg.DB, sql string) {
	t.Helper()
	if _, err := db.Pool().Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func count(t *testing.T, db *pg.DB, sql string) (n int) {
	t.Helper()
	if err := db.Pool().QueryRow(t.Context(), sql).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
