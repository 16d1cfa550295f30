package apitest_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
	"github.com/womens-tech-conservatory/conservatory/api/server"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
	"github.com/womens-tech-conservatory/conservatory/internal/privacy"
)

func TestARestoredBackupIsErasedAgain(t *testing.T) {
	t.Parallel()
	folder := "file://" + t.TempDir()
	h := apitest.New(t, func(cfg *server.Config) { cfg.BlobURL = folder })
	maria, aisha := pair(t, h)
	maria.leaveMore(t)
	now := clock.NewManual(time.Now().Add(-8 * 24 * time.Hour))
	p := apart(t, h, now, privacy.Config{})
	backup := pgtest.URL(t)
	copyDatabase(t, h, backup) // before she even asks
	planned, err := p.PlanErasure(t.Context(), maria.Actor(), privacy.Remove)
	if err != nil {
		t.Fatal(err)
	}
	now.Advance(8 * 24 * time.Hour)
	if err := p.Erase(t.Context(), planned.ID); err != nil {
		t.Fatal(err)
	}
	h.Settle(t)

	cfg := h.App.Config
	cfg.DatabaseURL = backup
	restored, err := server.New(t.Context(), cfg, clock.System{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(restored.Close)
	old := *h
	old.App = restored
	if len(find(t, &old, "canary-maria")) < 30 {
		t.Fatal("the backup does not hold her")
	}
	before := (&everywhere{name: "aisha", h: &old}).kept(t)

	var ledger bytes.Buffer
	if n, err := restored.Privacy.Ledger(t.Context(), &ledger); err != nil || n != 1 {
		t.Fatalf("%d entries, %v", n, err)
	}
	t.Run("the ledger holds ids and times only", func(t *testing.T) {
		for _, not := range []string{"canary", "@", "maria"} {
			if strings.Contains(ledger.String(), not) {
				t.Errorf("%s", ledger.String())
			}
		}
	})
	letters := len(h.Mail.Messages(""))
	for want := 1; want >= 0; want-- { // the second time there is nothing to do
		if n, err := restored.Privacy.Reapply(t.Context(), bytes.NewReader(ledger.Bytes())); err != nil || n != want {
			t.Errorf("%d erased again, want %d: %v", n, want, err)
		}
	}
	if again := h.Mail.Messages(""); len(again) != letters {
		t.Errorf("who has had her last letter hears from us once more: %s", again[0].Subject)
	}
	for where, text := range find(t, &old, "canary-maria") {
		if !stays(where, privacy.Remove) {
			t.Errorf("%s holds %.120s again", where, text)
		}
	}
	if after := (&everywhere{name: "aisha", h: &old}).kept(t); fmt.Sprint(before) != fmt.Sprint(after) {
		t.Error("somebody else has changed")
	}
	if n := count(t, &old, `SELECT count(*) FROM users WHERE id = $1 AND state = 'active'`, aisha.ID); n != 1 {
		t.Error("somebody else is gone")
	}
	t.Run("who is not in the backup is passed over, and nonsense is refused", func(t *testing.T) {
		stranger := `{"id":"019ab5c0-0000-7000-8000-000000000001","user_id":"019ab5c0-0000-7000-8000-000000000002","posts":"remove","due_at":"2026-11-23T10:00:00Z"}`
		if n, err := restored.Privacy.Reapply(t.Context(), strings.NewReader(stranger)); err != nil || n != 0 {
			t.Errorf("%d, %v", n, err)
		}
		for _, wrong := range []string{"{}", "[]", "not a ledger", `{"id":"019ab5c0-0000-7000-8000-000000000001"}`} {
			if _, err := restored.Privacy.Reapply(t.Context(), strings.NewReader(wrong)); err == nil {
				t.Errorf("%s was taken", wrong)
			}
		}
	})
}

// copyDatabase makes the database at url hold what the one of a house holds
// now, as the restore of a backup does.
func copyDatabase(t *testing.T, h *apitest.House, url string) {
	t.Helper()
	to, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close(t.Context())
	if _, err := to.Exec(t.Context(), `SET session_replication_role = replica`); err != nil { // no triggers, no foreign keys
		t.Fatal(err)
	}
	from, err := h.App.DB.Pool().Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer from.Release()
	for _, table := range privacy.Tags() {
		var columns string
		err := from.QueryRow(t.Context(), `SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute
WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''`, table.Name).Scan(&columns)
		if err != nil {
			t.Fatal(err)
		}
		var rows bytes.Buffer
		if _, err := from.Conn().PgConn().CopyTo(t.Context(), &rows, fmt.Sprintf(`COPY %s (%s) TO STDOUT`, table.Name, columns)); err != nil {
			t.Fatal(err)
		}
		if _, err := to.Exec(t.Context(), `DELETE FROM `+table.Name); err != nil {
			t.Fatal(err)
		}
		if _, err := to.PgConn().CopyFrom(t.Context(), &rows, fmt.Sprintf(`COPY %s (%s) FROM STDIN`, table.Name, columns)); err != nil {
			t.Fatal(err)
		}
	}
	_, err = to.Exec(t.Context(), `SELECT setval(seqrelid, 1000000) FROM pg_sequence`)
	if err != nil {
		t.Fatal(err)
	}
}
