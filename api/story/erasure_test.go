package story_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

// mark is in everything that tells of her.
const mark = "canary-maria"

// slowlySQL makes each statement that forgets rows of a table take so long that
// a process can be killed between two of them.
const slowlySQL = `CREATE FUNCTION slowly_%[1]s() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.2); RETURN NULL; END $$;
CREATE TRIGGER slowly AFTER %[2]s ON %[1]s FOR EACH STATEMENT EXECUTE FUNCTION slowly_%[1]s()`

// Killed in the middle of an erasure, in the middle of a table even, the house
// goes on where it was when it is started again, and in the end nothing of her
// is left.
func TestKilledWhileSomebodyIsErased(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds and kills the program")
	}
	m := newMachine(t)
	m.join(mark + "@example.org")
	var her uuid.UUID
	if err := m.db.QueryRow(t.Context(), `SELECT id FROM users WHERE email = $1`, mark+"@example.org").Scan(&her); err != nil {
		t.Fatal(err)
	}
	m.writesALot(her)
	m.exec(fmt.Sprintf(slowlySQL, "posts", "UPDATE") + ";" + fmt.Sprintf(slowlySQL, "idempotency_keys", "DELETE"))
	planned := m.post("/v1/me/erasure", `{"posts":"remove"}`)
	if !strings.Contains(planned, "due_at") {
		t.Fatal(planned)
	}
	m.aWeekPasses()
	posts, keys := `SELECT count(*) FROM posts WHERE author_id = $1 AND body <> ''`, `SELECT count(*) FROM idempotency_keys WHERE user_id = $1`
	for _, place := range []struct{ table, left string }{{"posts", posts}, {"idempotency_keys", keys}} {
		all := m.number(place.left, her)
		m.inTime("some of "+place.table+" are gone", func() bool { return m.number(place.left, her) < all })
		m.kill()
		if left := m.number(place.left, her); left == 0 || left == all {
			t.Fatalf("%d of %d rows of %s are left: it was not killed in the middle", left, all, place.table)
		}
		m.hoursPass()
		m.reborn()
	}
	m.inTime("the erasure is finished", func() bool {
		return m.number(`SELECT count(*) FROM erasures WHERE user_id = $1 AND finished_at IS NOT NULL`, her) == 1
	})
	m.eventually("nothing is being done any more", func() bool {
		return m.number(`SELECT count(*) FROM river_job WHERE state IN ('available', 'running')`) == 0
	})
	for where, row := range pgtest.Find(m.t.Context(), m.t, m.db, mark) {
		t.Errorf("%s still holds %.200s", where, row)
	}
	m.token = ""
	if again := m.post("/v1/auth/login", `{"email":"`+mark+`@example.org","password":"twelve years of logistics"}`); !strings.Contains(again, `"status":401`) {
		t.Errorf("she is answered %s", again)
	}
}

// writesALot gives her a profile, and more rows than go at once.
func (m *machine) writesALot(her uuid.UUID) {
	m.t.Helper()
	m.exec(`INSERT INTO idempotency_keys (user_id, key, route, fingerprint, state, leased_until, created_at)
SELECT $1, $2 || n, '=cmd', '', 'finished', now(), now() FROM generate_series(1, 4000) n`, her, mark)
	m.exec(`INSERT INTO posts SELECT (jsonb_populate_record(p, jsonb_build_object('id', gen_random_uuid(), 'author_id', $1::text,
'number', 1000 + n, 'body', $2 || n, 'html', $2 || n, 'reply_to', NULL))).* FROM (SELECT p FROM posts p ORDER BY id LIMIT 1) one (p), generate_series(1, 2000) n`, her, mark)
	m.exec(`UPDATE users SET display_name = $2 WHERE id = $1`, her, mark)
	m.exec(`UPDATE sessions SET device = $2 WHERE user_id = $1`, her, mark)
	if found := pgtest.Find(m.t.Context(), m.t, m.db, mark); len(found) < 4 {
		m.t.Fatalf("she is in no more than %v", found)
	}
}

// aWeekPasses makes the erasure due, and looks for what is.
func (m *machine) aWeekPasses() {
	m.t.Helper()
	m.exec(`UPDATE erasures SET due_at = now() - interval '1 minute'`)
	m.exec(`INSERT INTO river_job (state, max_attempts, args, kind, queue) VALUES ('available', 25, '{}', 'privacy.erase_due', 'default')`)
}

// hoursPass, from a death to the next start, in which the lease of the worker
// ends and the time of the job that it held.
func (m *machine) hoursPass() {
	m.t.Helper()
	m.exec(`DELETE FROM river_leader`)
	m.exec(`UPDATE river_job SET attempted_at = attempted_at - interval '2 hours' WHERE state = 'running'`)
}

// inTime is eventually, where the job of the erasure waits for nothing: neither
// for what is on its way when an account is closed, nor for another try.
func (m *machine) inTime(what string, ok func() bool) {
	m.t.Helper()
	m.eventually(what, func() bool {
		m.exec(`UPDATE river_job SET scheduled_at = now() WHERE kind = 'privacy.erase' AND state IN ('scheduled', 'retryable')`)
		return ok()
	})
}
