package audit_test

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/audit"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

// aged puts n entries of an age into the log, by the clock of the database.
func aged(ctx context.Context, t *testing.T, db *pg.DB, n int, age string) {
	t.Helper()
	tx, _ := db.Tx(ctx)
	_, err := tx.Exec(ctx, `INSERT INTO audit_log (id, at, action, target_kind, target_id, detail, request_id)
SELECT gen_random_uuid(), now() - $2::interval, 'x.y', 'x', $2, '{}', '' FROM generate_series(1, $1)`, n, age)
	if err != nil {
		t.Fatal(err)
	}
}

func TestTheLogForgetsAfterTwoYears(t *testing.T) {
	t.Parallel()
	ctx, db := pgtest.Tx(t)
	aged(ctx, t, db, 2345, "2 years 1 second")
	aged(ctx, t, db, 7, "1 year 364 days")
	log := audit.New(db, clock.NewManual(time.Now().AddDate(10, 0, 0))) // a clock that is wrong makes it forget nothing more
	if err := log.Prune(ctx); err != nil {
		t.Fatal(err)
	}
	if old, young := len(read(ctx, t, db, "2 years 1 second")), len(read(ctx, t, db, "1 year 364 days")); old != 0 || young != 7 {
		t.Errorf("%d old ones and %d young ones are left", old, young)
	}
	said := 0
	for _, e := range read(ctx, t, db, "log") {
		n, err := strconv.Atoi(e.Detail["entries"])
		if err != nil || e.Action != "audit.forget" || e.Actor != nil {
			t.Errorf("%+v", e)
		}
		said += n
	}
	if said != 2345 {
		t.Errorf("it says that %d went", said)
	}

	t.Run("a day on which nothing went is not recorded", func(t *testing.T) {
		before := len(read(ctx, t, db, "log"))
		if err := log.Prune(ctx); err != nil || len(read(ctx, t, db, "log")) != before {
			t.Errorf("%v, or it is recorded", err)
		}
	})
}

// The owner of the table is whoever runs the tests.
func TestEvenTheOwnerDeletesOnlyThroughTheDoor(t *testing.T) {
	t.Parallel()
	for name, statements := range map[string][]string{
		"an old entry in passing":            {`DELETE FROM audit_log WHERE at < now() - interval '2 years'`},
		"a young one with the door open":     {`SELECT set_config('conservatory.forgets_audit', 'yes', true)`, `DELETE FROM audit_log WHERE at > now() - interval '2 years'`},
		"an old one after the door has shut": {`SELECT forget_old_audit(1)`, `DELETE FROM audit_log WHERE at < now() - interval '2 years'`},
		"a change with the door open":        {`SELECT set_config('conservatory.forgets_audit', 'yes', true)`, `UPDATE audit_log SET action = 'other'`},
		"all of it with the door open":       {`SELECT set_config('conservatory.forgets_audit', 'yes', true)`, `TRUNCATE audit_log`},
	} {
		ctx, db := pgtest.Tx(t)
		aged(ctx, t, db, 2, "3 years")
		aged(ctx, t, db, 1, "1 day")
		tx, _ := db.Tx(ctx)
		for n, sql := range statements {
			_, err := tx.Exec(ctx, sql)
			if last := n == len(statements)-1; last != (err != nil && strings.Contains(err.Error(), "append-only")) {
				t.Errorf("%s: %s: %v", name, sql, err)
			}
		}
	}
	t.Run("asking for all of it takes nothing young", func(t *testing.T) {
		ctx, db := pgtest.Tx(t)
		aged(ctx, t, db, 3, "1 day")
		tx, _ := db.Tx(ctx)
		for _, most := range []string{"1000000", "NULL"} {
			var gone int
			if err := tx.QueryRow(ctx, `SELECT forget_old_audit(`+most+`)`).Scan(&gone); err != nil || gone != 0 || len(read(ctx, t, db, "1 day")) != 3 {
				t.Errorf("%s: %d went, %v", most, gone, err)
			}
		}
	})
}
