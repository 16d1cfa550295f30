package audit_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/audit"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

type row struct {
	At        time.Time
	Actor     *uuid.UUID
	Action    string
	Target    string
	Detail    map[string]string
	RequestID string
}

func read(ctx context.Context, t *testing.T, db *pg.DB, target string) []row {
	t.Helper()
	query := db.Pool().Query
	if tx, ok := db.Tx(ctx); ok {
		query = tx.Query
	}
	rows, err := query(ctx, `SELECT at, actor_id, action, target_kind || ' ' || target_id, detail, request_id FROM audit_log WHERE target_id = $1`, target)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []row
	for rows.Next() {
		var r row
		var detail []byte
		if err := rows.Scan(&r.At, &r.Actor, &r.Action, &r.Target, &detail, &r.RequestID); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(detail, &r.Detail); err != nil {
			t.Fatal(err)
		}
		r.At = r.At.UTC()
		all = append(all, r)
	}
	if rows.Err() != nil {
		t.Fatal(rows.Err())
	}
	return all
}

func TestRecord(t *testing.T) {
	t.Parallel()

	t.Run("an act is kept with its time and its request", func(t *testing.T) {
		t.Parallel()
		ctx, db := pgtest.Tx(t)
		log := audit.New(db, clock.NewManual(noon))
		target := uuid.NewString()
		err := log.Record(audit.WithRequestID(ctx, "r-1"), audit.Entry{
			Action: "topic.delete", TargetKind: "topic", TargetID: target, Detail: map[string]string{"reason": "spam"},
		})
		if err != nil {
			t.Fatal(err)
		}
		want := []row{{At: noon, Action: "topic.delete", Target: "topic " + target, Detail: map[string]string{"reason": "spam"}, RequestID: "r-1"}}
		if diff := cmp.Diff(want, read(ctx, t, db, target)); diff != "" {
			t.Error(diff)
		}
	})

	t.Run("background work has no request, and an act may need no detail", func(t *testing.T) {
		t.Parallel()
		ctx, db := pgtest.Tx(t)
		target := uuid.NewString()
		if err := audit.New(db, clock.NewManual(noon)).Record(ctx, audit.Entry{Action: "a", TargetKind: "b", TargetID: target}); err != nil {
			t.Fatal(err)
		}
		got := read(ctx, t, db, target)
		if len(got) != 1 || got[0].RequestID != "" || got[0].Actor != nil || got[0].Detail == nil {
			t.Errorf("%+v", got)
		}
	})

	t.Run("somebody who is not a user cannot have acted", func(t *testing.T) {
		t.Parallel()
		ctx, db := pgtest.Tx(t)
		err := audit.New(db, clock.NewManual(noon)).Record(ctx, audit.Entry{ActorID: uuid.New(), Action: "a", TargetKind: "b", TargetID: "c"})
		if !pg.Violates(err, "audit_log_actor_id_fkey") {
			t.Error(err)
		}
	})
}

func TestRecordAndTransactions(t *testing.T) {
	t.Parallel()

	t.Run("outside a transaction it refuses", func(t *testing.T) {
		t.Parallel()
		db := pgtest.New(t)
		target := uuid.NewString()
		if err := audit.New(db, clock.NewManual(noon)).Record(t.Context(), audit.Entry{Action: "a", TargetKind: "b", TargetID: target}); err == nil {
			t.Error("accepted")
		}
		if n := len(read(t.Context(), t, db, target)); n != 0 {
			t.Errorf("%d entries", n)
		}
	})

	t.Run("an act that failed was never recorded", func(t *testing.T) {
		t.Parallel()
		db := pgtest.New(t)
		log := audit.New(db, clock.NewManual(noon))
		failed := errors.New("failed")
		err := db.InTx(t.Context(), func(ctx context.Context) error {
			if err := log.Record(ctx, audit.Entry{Action: "a", TargetKind: "b", TargetID: "x"}); err != nil {
				return err
			}
			return failed
		})
		if !errors.Is(err, failed) || len(read(t.Context(), t, db, "x")) != 0 {
			t.Errorf("%v, or an entry without its act", err)
		}
	})
}

func TestAppendOnly(t *testing.T) {
	t.Parallel()
	for _, sql := range []string{`UPDATE audit_log SET action = 'other'`, `DELETE FROM audit_log`} {
		ctx, db := pgtest.Tx(t)
		if err := audit.New(db, clock.NewManual(noon)).Record(ctx, audit.Entry{Action: "a", TargetKind: "b", TargetID: "c"}); err != nil {
			t.Fatal(err)
		}
		tx, _ := db.Tx(ctx)
		if _, err := tx.Exec(ctx, sql); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("%s: %v", sql, err)
		}
	}
}
