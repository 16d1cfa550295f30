package audit_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/womens-tech-conservatory/conservatory/internal/audit"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

func TestWhatChangedAndWhatTheActorWas(t *testing.T) {
	t.Parallel()
	ctx, db := pgtest.Tx(t)
	hands := clock.NewManual(noon)
	log, tx := audit.New(db, hands), func(sql string, args ...any) {
		t.Helper()
		q, _ := db.Tx(ctx)
		if _, err := q.Exec(ctx, sql, args...); err != nil {
			t.Fatal(err)
		}
	}
	ada := person(ctx, t, db)
	tx(`INSERT INTO user_roles (user_id, role, granted_at) VALUES ($1, 'admin', $2)`, ada, noon)
	tx(`INSERT INTO limited_roles (id, user_id, role, granted_at, ends_at) VALUES (gen_random_uuid(), $1, 'coach', $2, $3)`, ada, noon, noon.Add(time.Minute))
	act := func(detail map[string]string) audit.Recorded {
		t.Helper()
		if err := log.Record(ctx, audit.Entry{ActorID: ada, Action: "x.y", TargetKind: "x", TargetID: "1", Detail: detail}); err != nil {
			t.Fatal(err)
		}
		page, _, err := log.Entries(ctx, audit.Filter{}, audit.Position{}, 1)
		if err != nil {
			t.Fatal(err)
		}
		hands.Advance(time.Minute)
		return page[0]
	}

	detail := map[string]string{"space_id": "s"}
	audit.Changed(detail, "title", "Old", "New")
	audit.Changed(detail, "kind", "global", "global")
	audit.Changed(detail, "ends_at", "", "2027-01-01T00:00:00Z")
	got := act(detail)
	want := []audit.Change{{Field: "ends_at", After: "2027-01-01T00:00:00Z"}, {Field: "title", Before: "Old", After: "New"}}
	if diff := cmp.Diff(want, got.Changes) + cmp.Diff(map[string]string{"space_id": "s"}, got.Detail) + cmp.Diff([]string{"admin", "coach"}, got.ActorRoles); diff != "" {
		t.Error(diff)
	}

	t.Run("a role that has ended is none", func(t *testing.T) {
		if got := act(nil); !cmp.Equal(got.ActorRoles, []string{"admin"}) || got.Changes != nil {
			t.Errorf("%+v", got)
		}
	})
	t.Run("what she was stays what it was", func(t *testing.T) {
		tx(`DELETE FROM user_roles WHERE user_id = $1`, ada)
		page, _, err := log.Entries(ctx, audit.Filter{}, audit.Position{}, 1)
		if err != nil || !cmp.Equal(page[0].ActorRoles, []string{"admin"}) {
			t.Errorf("%+v, %v", page, err)
		}
		if got := act(nil); got.ActorRoles != nil {
			t.Errorf("%+v", got)
		}
	})
}
