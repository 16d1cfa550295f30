package privacy

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/audit"
	"github.com/womens-tech-conservatory/conservatory/internal/blob"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/job"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

// silent stands for the other domains, whose own tests say how they forget.
type silent struct{ told []account.Notice }

func (s *silent) Tell(_ context.Context, _ uuid.UUID, n account.Notice) error {
	s.told = append(s.told, n)
	return nil
}
func (*silent) Close(context.Context, uuid.UUID) error       { return nil }
func (*silent) Forget(context.Context, uuid.UUID) error      { return nil }
func (*silent) Leave(context.Context, uuid.UUID) error       { return nil }
func (*silent) Erase(context.Context, uuid.UUID, bool) error { return nil }

type rig struct {
	*Privacy
	t    *testing.T
	now  *clock.Manual
	said *silent
	blob *blob.Store
}

func newRig(t *testing.T) *rig {
	t.Helper()
	db, now := pgtest.New(t), clock.NewManual(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
	q, err := job.New(db, job.Config{})
	if err != nil {
		t.Fatal(err)
	}
	files, err := blob.Open(t.Context(), "mem://")
	if err != nil {
		t.Fatal(err)
	}
	said := &silent{}
	p, err := New(db, now, q, audit.New(db, now), Config{
		Files: files, Domains: Domains{Account: said, Billing: said, Cohort: said, Forum: said},
		MayLeave: func(context.Context, uuid.UUID) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return &rig{p, t, now, said, files}
}

func (r *rig) exec(sql string, args ...any) {
	r.t.Helper()
	if _, err := r.db.Pool().Exec(r.t.Context(), sql, args...); err != nil {
		r.t.Fatalf("%s: %v", sql, err)
	}
}

func (r *rig) number(sql string, args ...any) (n int) {
	r.t.Helper()
	if err := r.db.Pool().QueryRow(r.t.Context(), sql, args...).Scan(&n); err != nil {
		r.t.Fatalf("%s: %v", sql, err)
	}
	return n
}

// person has an address that nothing is sent to.
func (r *rig) person() account.Actor {
	r.t.Helper()
	id := pg.NewID()
	r.exec(`INSERT INTO users (id, email, email_key, display_name, time_zone, state, version, created_at, updated_at)
VALUES ($1::uuid, $1::text || '@example.invalid', $1::text, 'Maria', 'UTC', 'active', 1, now(), now())`, id)
	return account.Actor{ID: id}
}

// keys gives her so many rows that they take several pages and batches.
func (r *rig) keys(who account.Actor, n int) {
	r.t.Helper()
	r.exec(`INSERT INTO idempotency_keys (user_id, key, route, fingerprint, state, leased_until, created_at)
SELECT $1, 'key ' || n, '=cmd', '', 'finished', $3, $3 FROM generate_series(1, $2) n`, who.ID, n, r.now.Now())
}

func (r *rig) open(who account.Actor, e Export) *zip.Reader {
	r.t.Helper()
	_, file, size, err := r.OpenExport(r.t.Context(), who, e.ID)
	if err != nil {
		r.t.Fatal(err)
	}
	defer file.Close()
	body, err := io.ReadAll(file)
	if err != nil || int64(len(body)) != size {
		r.t.Fatalf("%d bytes, said to be %d: %v", len(body), size, err)
	}
	archive, err := zip.NewReader(bytes.NewReader(body), size)
	if err != nil {
		r.t.Fatal(err)
	}
	return archive
}

func (r *rig) text(archive *zip.Reader, name string) string {
	r.t.Helper()
	file, err := archive.Open(name)
	if err != nil {
		r.t.Fatal(err)
	}
	defer file.Close()
	text, err := io.ReadAll(file)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(text)
}

func TestACopyIsReadPageByPageAndMissesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	maria, aisha := r.person(), r.person()
	const many = 2*snapshotPage + 7
	r.keys(maria, many)
	r.keys(aisha, 3)
	e, err := r.AskForExport(t.Context(), maria)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := r.OpenExport(t.Context(), maria, e.ID); !errors.Is(err, ErrNotReady) {
		t.Errorf("%v", err)
	}
	if again, err := r.AskForExport(t.Context(), maria); err != nil || again.ID != e.ID {
		t.Errorf("one that is being made is not answered again: %v, %v", again.ID, err)
	}
	if err := r.MakeExport(t.Context(), e.ID); err != nil {
		t.Fatal(err)
	}
	archive := r.open(maria, e)
	var rows []struct{ Key string }
	if err := json.Unmarshal([]byte(r.text(archive, "json/idempotency_keys.json")), &rows); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, row := range rows {
		seen[row.Key] = true
	}
	if len(rows) != many || len(seen) != many {
		t.Errorf("%d rows, %d of them different, want %d", len(rows), len(seen), many)
	}
	csv := r.text(archive, "csv/idempotency_keys.csv")
	if n := strings.Count(csv, "\r\n"); n != many+1 || !strings.Contains(csv, "'=cmd") {
		t.Errorf("%d lines, want %d, and no formula: %.200s", n, many+1, csv)
	}
	if text := r.text(archive, "json/bans.json"); text != "[]\n" {
		t.Errorf("what is empty is %q", text)
	}
	if len(r.said.told) != 1 || r.said.told[0] != account.ExportReady {
		t.Errorf("told %v", r.said.told)
	}
}

func TestACopyNobodyWantsAnyMoreIsNotKept(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	maria := r.person()
	e, err := r.AskForExport(t.Context(), maria)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("nor one that nobody finished in time", func(t *testing.T) {
		r.now.Advance(exportGivesUp + time.Minute)
		if err := r.ExpireExports(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got, err := r.Export(t.Context(), maria, e.ID); err != nil || got.State != ExportFailed {
			t.Errorf("%+v, %v", got, err)
		}
	})
	if err := r.MakeExport(t.Context(), e.ID); err != nil {
		t.Fatal(err)
	}
	if keys, err := r.blob.List(t.Context(), ""); err != nil || len(keys) != 0 {
		t.Errorf("%v, %v", keys, err)
	}
}

func TestWhatACutOffTryLeavesOfACopyIsTakenAway(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	maria := r.person()
	for what, over := range map[string]string{
		"she has left":    `DELETE FROM exports WHERE id = $1`,
		"it was given up": `UPDATE exports SET state = 'failed', file = NULL WHERE id = $1`,
	} {
		e, err := r.AskForExport(t.Context(), maria)
		if err != nil {
			t.Fatal(err)
		}
		// Killed when the file was there and its row did not say so yet.
		err = r.blob.Write(t.Context(), "exports/"+e.ID.String()+".zip", "application/zip", func(w io.Writer) error {
			_, err := io.WriteString(w, "everything about Maria")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		r.exec(over, e.ID)
		if err := r.MakeExport(t.Context(), e.ID); err != nil {
			t.Fatal(err)
		}
		if keys, err := r.blob.List(t.Context(), ""); err != nil || len(keys) != 0 {
			t.Errorf("%s, and %v is left, %v", what, keys, err)
		}
	}
}

func TestACopyWhoseFileHasJustBeenDeletedIsGone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	maria := r.person()
	e, err := r.AskForExport(t.Context(), maria)
	if err == nil {
		err = r.MakeExport(t.Context(), e.ID)
	}
	if err == nil {
		err = r.blob.Delete(t.Context(), "exports/"+e.ID.String()+".zip")
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := r.OpenExport(t.Context(), maria, e.ID); !errors.Is(err, ErrExportGone) {
		t.Errorf("%v", err)
	}
}

// The address she was invited at may not be the one she has by now.
func TestTheInvitationSheCameWithGoesWhateverHerAddressIsNow(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	maria, aisha := r.person(), r.person()
	for _, who := range []account.Actor{maria, aisha} {
		letter, link := pg.NewID(), pg.NewID()
		r.exec(`INSERT INTO invitations (id, email, email_key, plan, access_days, uses, used, created_at, expires_at)
SELECT id, email, v.email, '', 0, 1, 1, now(), now() FROM (VALUES ($1::uuid, $3::text), ($2, NULL)) v (id, email)`, letter, link, "old-of-"+who.ID.String()+"@example.org")
		r.exec(`INSERT INTO invitation_redemptions (invitation_id, user_id, redeemed_at) VALUES ($1, $3, now()), ($2, $3, now())`, letter, link, who.ID)
		r.exec(`INSERT INTO invitation_letters (id, invitation_id, created_at) VALUES ($1, $2, now())`, pg.NewID(), letter)
	}
	e, err := r.AskForExport(t.Context(), maria)
	if err == nil {
		err = r.MakeExport(t.Context(), e.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	if text := r.text(r.open(maria, e), "json/invitations.json"); strings.Count(text, "old-of-") != 1 || !strings.Contains(text, maria.ID.String()) {
		t.Errorf("the copy holds %s", text)
	}
	planned, err := r.PlanErasure(t.Context(), maria, Remove)
	if err != nil {
		t.Fatal(err)
	}
	r.now.Advance(grace)
	if err := r.Erase(t.Context(), planned.ID); err != nil {
		t.Fatal(err)
	}
	if n := r.number(`SELECT count(*) FROM invitations WHERE email LIKE $1`, "%"+maria.ID.String()+"%"); n != 0 {
		t.Error("her old address is still there")
	}
	if n := r.number(`SELECT count(*) FROM invitations`); n != 3 {
		t.Errorf("%d invitations are left, want the two of somebody else and the link that is for many", n)
	}
}

// In production the serving processes may not do everything: see
// deployments/postgres/roles.sql. Privileges are asked before any row is.
func TestTheServingRoleMayDoAllThatPrivacyAsks(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	roles, err := os.ReadFile("../../deployments/postgres/roles.sql")
	if err != nil {
		t.Fatal(err)
	}
	r.exec(string(roles))
	maria := r.person()
	r.keys(maria, 3)
	sign := "?"
	if strings.Contains(r.db.URL(), "?") {
		sign = "&"
	}
	app, err := pg.Open(t.Context(), pg.Config{URL: r.db.URL() + sign + "role=conservatory_app", MaxConns: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer app.Close()
	r.db = app
	r.audit = audit.New(app, r.now)
	e, err := r.AskForExport(t.Context(), maria)
	if err == nil {
		err = r.MakeExport(t.Context(), e.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	r.open(maria, e)
	if _, err := r.Retain(t.Context()); err != nil {
		t.Error(err)
	}
	planned, err := r.PlanErasure(t.Context(), maria, Remove)
	if err != nil {
		t.Fatal(err)
	}
	r.now.Advance(grace)
	if err := r.Erase(t.Context(), planned.ID); err != nil {
		t.Error(err)
	}
	if n := r.number(`SELECT count(*) FROM idempotency_keys`); n != 0 {
		t.Errorf("%d rows are left", n)
	}
}
