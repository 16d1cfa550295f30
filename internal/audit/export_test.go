package audit_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/audit"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

func rowsOf(t *testing.T, text string) [][]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestExport(t *testing.T) {
	t.Parallel()
	ctx, db := pgtest.Tx(t)
	hands := clock.NewManual(noon)
	log := audit.New(db, hands)
	admin := person(ctx, t, db)
	detail := map[string]string{"role": "coach"}
	audit.Changed(detail, "ends_at", "", "2027-01-01T00:00:00Z")
	if err := log.Record(audit.WithRequestID(ctx, "=request"), audit.Entry{
		ActorID: admin, Action: "role.grant", TargetKind: "user", TargetID: "1", Detail: detail,
	}); err != nil {
		t.Fatal(err)
	}
	hands.Advance(time.Minute)
	write := func(f audit.Filter) string {
		t.Helper()
		e, err := log.Export(ctx, admin, f)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := e.WriteCSV(ctx, &out); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}

	t.Run("an entry is a row, safe in a spreadsheet", func(t *testing.T) {
		rows := rowsOf(t, write(audit.Filter{Action: "role.grant"}))
		want := []string{
			noon.Format(time.RFC3339), admin.String(), "", "role.grant", "user", "1",
			`{"role":"coach"}`, `[{"field":"ends_at","before":"","after":"2027-01-01T00:00:00Z"}]`, "'=request", "",
		}
		if len(rows) != 2 || !cmp.Equal(rows[1][1:], want) {
			t.Errorf("%q", rows)
		}
	})

	t.Run("it is recorded itself, by whom and with which filter", func(t *testing.T) {
		write(audit.Filter{ActorID: admin, TargetKind: "user", TargetID: "maria@example.org", From: noon})
		page, _, err := log.Entries(ctx, audit.Filter{Action: "audit.export"}, audit.Position{}, 1)
		want := map[string]string{"actor_id": admin.String(), "target_kind": "user", "target_id": "…", "since": noon.Format(time.RFC3339)}
		if err != nil || page[0].ActorID != admin || !cmp.Equal(page[0].Detail, want) {
			t.Errorf("%+v, %v", page, err)
		}
	})

	t.Run("of thousands each comes once, and what came later is not in it", func(t *testing.T) {
		tx, _ := db.Tx(ctx)
		_, err := tx.Exec(ctx, `INSERT INTO audit_log (id, at, action, target_kind, target_id, detail, request_id)
SELECT gen_random_uuid(), $1, 'x.y', 'x', n::text, '{}', '' FROM generate_series(1, 1700) n`, noon)
		if err != nil {
			t.Fatal(err)
		}
		e, err := log.Export(ctx, admin, audit.Filter{Action: "x.y"})
		if err != nil {
			t.Fatal(err)
		}
		hands.Advance(time.Minute)
		if err := log.Record(ctx, audit.Entry{Action: "x.y", TargetKind: "x", TargetID: "later"}); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := e.WriteCSV(ctx, &out); err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		rows := rowsOf(t, out.String())
		for _, row := range rows[1:] {
			seen[row[6]] = true
		}
		if len(rows) != 1701 || len(seen) != 1700 || seen["later"] {
			t.Errorf("%d rows, %d different ones", len(rows), len(seen))
		}
	})
}

// gauge notes how much of an export has been read when its reader stops.
type gauge struct {
	stop func()
	n    int
}

func (g *gauge) Write(p []byte) (int, error) {
	g.n += len(p)
	g.stop()
	return len(p), nil
}

func TestAnExportThatNobodyReadsStops(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	log := audit.New(db, clock.NewManual(noon.Add(time.Hour)))
	_, err := db.Pool().Exec(t.Context(), `INSERT INTO audit_log (id, at, action, target_kind, target_id, detail, request_id)
SELECT gen_random_uuid(), $1, 'x.y', 'x', n::text, '{}', '' FROM generate_series(1, 1200) n`, noon)
	if err != nil {
		t.Fatal(err)
	}
	e, err := log.Export(t.Context(), uuid.Nil, audit.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	g := &gauge{stop: cancel}
	if err := e.WriteCSV(ctx, g); !errors.Is(err, context.Canceled) {
		t.Errorf("%v after %d bytes", err, g.n)
	}
	var whole bytes.Buffer
	if err := e.WriteCSV(t.Context(), &whole); err != nil || g.n >= whole.Len() {
		t.Errorf("%d of %d bytes, %v", g.n, whole.Len(), err)
	}
}
