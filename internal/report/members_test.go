package report

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
	"github.com/womens-tech-conservatory/conservatory/pkg/money"
)

func TestMembers(t *testing.T) {
	t.Parallel()
	ctx, db := pgtest.Tx(t)
	w := newWorld(ctx, t, db, "Ada", "Bo")
	w.access(ctx, "Ada", "full", "subscription", nil)
	w.ledger(
		ctx, entry{who: "Ada", at: "2026-01-10", monthly: 4900}, entry{who: "Ada", at: "2026-01-10", monthly: 300, currency: "eur"},
		entry{who: "Ada", at: "2026-01-10", monthly: 9900, series: "trial"}, entry{who: "Ada", at: "2027-01-10", monthly: 1000},
		entry{who: "Bo", at: "2026-01-10", monthly: 4900}, entry{who: "Bo", at: "2026-02-10", monthly: -4900},
	)
	w.exec(ctx, `UPDATE subscriptions SET status = 'canceled' WHERE user_id = $1`, w.member["Bo"])
	programme, version := pg.NewID(), pg.NewID()
	w.exec(ctx, `INSERT INTO programmes (id, slug, title) VALUES ($1, 'return', 'Return')`, programme)
	w.exec(ctx, `INSERT INTO programme_versions (id, programme_id, number, state) VALUES ($1, $2, 1, 'published')`, version, programme)
	for name, state := range map[string]string{"Winter": "active", "Left": "withdrawn"} {
		cohort := pg.NewID()
		w.exec(ctx, `INSERT INTO cohorts (id, programme_id, version_id, name, state, time_zone, starts_on, ends_on, capacity, created_at)
			VALUES ($1, $2, $3, $4, 'running', 'UTC', '2026-11-01', '2027-01-01', 9, now())`, cohort, programme, version, name)
		w.exec(ctx, `INSERT INTO enrolments (id, cohort_id, user_id, attempt, state, enrolled_at) VALUES ($1, $2, $3, 1, $4, now())`, pg.NewID(), cohort, w.member["Ada"], state)
	}
	counted, n := pg.Count(ctx)
	got, next, err := w.r.Members(counted, MemberQuery{})
	if err != nil || next != "" || n.N() != 1 {
		t.Fatalf("next %q, %d statements, %v", next, n.N(), err)
	}
	joined := time.Date(2025, 12, 31, 12, 0, 0, 0, time.UTC)
	want := []MemberRow{
		{ID: w.member["Bo"], DisplayName: "Bo", Email: "bo@example.org", JoinedAt: joined.Add(time.Minute), Access: "none", AccessReason: "none", Cohorts: []string{}},
		{
			ID: w.member["Ada"], DisplayName: "Ada", Email: "ada@example.org", JoinedAt: joined, Access: "full", AccessReason: "subscription",
			Plan: w.slug("circle"), MRR: []money.Amount{{Minor: 300, Currency: "eur"}, {Minor: 4900, Currency: "usd"}}, Cohorts: []string{"Winter"},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestMembersFiltered(t *testing.T) {
	t.Parallel()
	ctx, db := pgtest.Tx(t)
	w := newWorld(ctx, t, db, "Maria Lopez", "100%_sure", "Anna", "Gone")
	ended := w.clock.Now()
	w.access(ctx, "Maria Lopez", "full", "subscription", nil)
	w.access(ctx, "Anna", "full", "trial", &ended)
	w.exec(ctx, `UPDATE users SET state = 'deleted' WHERE id = $1`, w.member["Gone"])
	w.exec(ctx, `UPDATE users SET email = 'a.lopez@example.org' WHERE id = $1`, w.member["Anna"])
	for _, c := range []struct {
		name string
		q    MemberQuery
		want []string
	}{
		{"everybody, the newest first, nobody deleted", MemberQuery{}, []string{"Anna", "100%_sure", "Maria Lopez"}},
		{"part of a name in any case", MemberQuery{Q: "LOPE"}, []string{"Maria Lopez"}},
		{"the beginning of an address", MemberQuery{Q: "a.lop"}, []string{"Anna"}},
		{"not the middle of an address", MemberQuery{Q: "example.org"}, nil},
		{"a percent sign is a percent sign", MemberQuery{Q: "0%_"}, []string{"100%_sure"}},
		{"and does not stand for anything", MemberQuery{Q: "M%a"}, nil},
		{"nor does an underscore", MemberQuery{Q: "An_a"}, nil},
		{"nor does a backslash escape", MemberQuery{Q: `100\%`}, nil},
		{"full access", MemberQuery{Access: "full"}, []string{"Maria Lopez"}},
		{"no access, also when it has run out", MemberQuery{Access: "none"}, []string{"Anna", "100%_sure"}},
		{"both filters", MemberQuery{Q: "an", Access: "none"}, []string{"Anna"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			rows, _, err := w.r.Members(ctx, c.q)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range rows {
				got = append(got, r.DisplayName)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestMemberPages(t *testing.T) {
	t.Parallel()
	ctx, db := pgtest.Tx(t)
	w := newWorld(ctx, t, db, "Ada", "Bo", "Cy", "Di", "Ed")
	w.exec(ctx, `UPDATE users SET created_at = '2026-01-01'`) // the id decides between equals
	var got []string
	q := MemberQuery{Limit: 2}
	for range 3 {
		rows, next, err := w.r.Members(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			got = append(got, r.DisplayName)
		}
		q.Cursor = next
	}
	if diff := cmp.Diff([]string{"Ed", "Di", "Cy", "Bo", "Ada"}, got); diff != "" || q.Cursor != "" {
		t.Errorf("next %q (-want +got):\n%s", q.Cursor, diff)
	}
	_, next, err := w.r.Members(ctx, MemberQuery{Limit: 2})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.r.Members(ctx, MemberQuery{Limit: 2, Cursor: next, Access: "none"}); !errors.Is(err, fault.ErrCursor) {
		t.Errorf("a cursor of another filter: %v", err)
	}
}
