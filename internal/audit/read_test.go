package audit_test

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/audit"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

// person puts somebody into users, who may then act.
func person(ctx context.Context, t *testing.T, db *pg.DB) uuid.UUID {
	t.Helper()
	id := pg.NewID()
	tx, _ := db.Tx(ctx)
	_, err := tx.Exec(ctx, `INSERT INTO users (id, email, email_key, display_name, time_zone, state, version, created_at, updated_at)
VALUES ($1, $2, $2, 'Somebody', 'UTC', 'active', 1, $3, $3)`, id, id.String()+"@example.org", noon)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestEntries(t *testing.T) {
	t.Parallel()
	ctx, db := pgtest.Tx(t)
	hands := clock.NewManual(noon)
	log := audit.New(db, hands)
	admin, maria := person(ctx, t, db), person(ctx, t, db)
	record := func(request string, e audit.Entry) {
		t.Helper()
		hands.Advance(time.Minute)
		if err := log.Record(audit.WithRequestID(ctx, request), e); err != nil {
			t.Fatal(err)
		}
	}
	record("request-1", audit.Entry{ActorID: admin, Action: "role.grant", TargetKind: "user", TargetID: maria.String(), Detail: map[string]string{"role": "coach"}})
	record("request-2", audit.Entry{ActorID: maria, Action: "post.delete", TargetKind: "post", TargetID: "p1"})
	record("request-2", audit.Entry{Action: "session.reuse", TargetKind: "user", TargetID: maria.String()})
	record("request-3", audit.Entry{ActorID: admin, Action: "post.delete", TargetKind: "post", TargetID: maria.String()}) // a post that has her id is not she

	record("request-4", audit.Entry{ActorID: admin, Action: "topic.rename", TargetKind: "topic", TargetID: "t1", SubjectID: maria})
	record("request-4", audit.Entry{ActorID: maria, Action: "x.own", TargetKind: "user", TargetID: maria.String(), SubjectID: maria}) // in all three ways, and once

	for name, c := range map[string]struct {
		filter audit.Filter
		want   string // the latest first
	}{
		"all":                     {audit.Filter{}, "x.own topic.rename post.delete session.reuse post.delete role.grant"},
		"of one actor":            {audit.Filter{ActorID: admin}, "topic.rename post.delete role.grant"},
		"of one kind":             {audit.Filter{Action: "session.reuse"}, "session.reuse"},
		"on one target":           {audit.Filter{TargetKind: "post", TargetID: "p1"}, "post.delete"},
		"of one request":          {audit.Filter{RequestID: "request-2"}, "session.reuse post.delete"},
		"from a moment on":        {audit.Filter{From: noon.Add(3 * time.Minute)}, "x.own topic.rename post.delete session.reuse"},
		"before a moment":         {audit.Filter{To: noon.Add(3 * time.Minute)}, "post.delete role.grant"},
		"about somebody":          {audit.Filter{About: maria}, "x.own topic.rename session.reuse post.delete role.grant"},
		"about nobody we know":    {audit.Filter{About: uuid.New()}, ""},
		"what is no action":       {audit.Filter{Action: "' OR true --"}, ""},
		"of one actor on another": {audit.Filter{ActorID: admin, About: maria}, "topic.rename role.grant"},
	} {
		page, more, err := log.Entries(ctx, c.filter, audit.Position{}, 10)
		if err != nil || more {
			t.Fatalf("%s: %v, more %v", name, err, more)
		}
		var got []string
		for _, e := range page {
			got = append(got, e.Action)
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s: %q, want %q", name, s, c.want)
		}
	}

	t.Run("page by page nothing is missed or doubled, also at one moment", func(t *testing.T) {
		for i := range 5 {
			if err := log.Record(ctx, audit.Entry{Action: "x.y", TargetKind: "x", TargetID: strconv.Itoa(i)}); err != nil {
				t.Fatal(err)
			}
		}
		seen := map[uuid.UUID]bool{}
		var after audit.Position
		for {
			counted, n := pg.Count(ctx)
			page, more, err := log.Entries(counted, audit.Filter{}, after, 2)
			if err != nil || n.N() != 1 {
				t.Fatalf("%v, %d statements", err, n.N())
			}
			for _, e := range page {
				if seen[e.ID] {
					t.Errorf("%v twice", e.ID)
				}
				seen[e.ID] = true
			}
			if !more {
				break
			}
			after = audit.Position{At: page[len(page)-1].At, ID: page[len(page)-1].ID}
		}
		if len(seen) != 11 {
			t.Errorf("%d entries, want 11", len(seen))
		}
	})

	t.Run("an entry comes back as it was kept", func(t *testing.T) {
		page, _, err := log.Entries(ctx, audit.Filter{Action: "role.grant"}, audit.Position{}, 1)
		if err != nil || len(page) != 1 {
			t.Fatalf("%v %v", page, err)
		}
		e := page[0]
		if e.ActorID != admin || e.TargetID != maria.String() || e.Detail["role"] != "coach" || e.RequestID != "request-1" || !e.At.Equal(noon.Add(time.Minute)) {
			t.Errorf("%+v", e)
		}
	})
}

func TestNobodyEmptiesTheLog(t *testing.T) {
	t.Parallel()
	for _, statement := range []string{`TRUNCATE audit_log`, `DELETE FROM audit_log`, `UPDATE audit_log SET action = ''`, `TRUNCATE users CASCADE`} {
		ctx, db := pgtest.Tx(t)
		if err := audit.New(db, clock.NewManual(noon)).Record(ctx, audit.Entry{Action: "x.y", TargetKind: "x", TargetID: "1"}); err != nil {
			t.Fatal(err)
		}
		tx, _ := db.Tx(ctx)
		if _, err := tx.Exec(ctx, statement); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("%s: %v", statement, err)
		}
	}
}
