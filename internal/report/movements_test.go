package report

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

// november has one of each movement, two new ones, and one that came and went.
func november(ctx context.Context, t testing.TB, w *world) Query {
	t.Helper()
	for _, name := range []string{"Ada", "Bo", "Cy", "Di", "Ed", "Flo", "Gus"} {
		w.join(ctx, name)
	}
	w.ledger(
		ctx,
		entry{who: "Ada", at: "2026-11-10", monthly: 4000}, entry{who: "Ada", at: "2026-11-20", monthly: 900},
		entry{who: "Bo", at: "2026-01-10", monthly: 4900}, entry{who: "Bo", at: "2026-02-10", monthly: -4900}, entry{who: "Bo", at: "2026-11-11", monthly: 3900},
		entry{who: "Cy", at: "2026-01-10", monthly: 4900},
		entry{who: "Cy", at: "2026-11-12", monthly: 9900, plan: "studio"}, entry{who: "Cy", at: "2026-11-12", monthly: -4900},
		entry{who: "Di", at: "2026-01-10", monthly: 4900}, entry{who: "Di", at: "2026-11-13", monthly: -1000},
		entry{who: "Ed", at: "2026-01-10", monthly: 9900, plan: "studio"}, entry{who: "Ed", at: "2026-11-14", monthly: -9900, plan: "studio"},
		entry{who: "Flo", at: "2026-11-10", monthly: 100, currency: "eur"},
		entry{who: "Gus", at: "2026-11-15", monthly: 4900}, entry{who: "Gus", at: "2026-11-16", monthly: -4900},
	)
	return over(t, "2026-11-01", "2026-11-30")
}

func TestMovementRows(t *testing.T) {
	t.Parallel()
	ctx, db := pgtest.Tx(t)
	w := newWorld(ctx, t, db)
	q := november(ctx, t, w)
	row := func(who string, m Movement, currency string, before, after int64, at, plan string) MovementRow {
		return MovementRow{w.member[who], who, strings.ToLower(who) + "@example.org", m, currency, before, after, moment(t, at), w.slug(plan)}
	}
	for m, want := range map[Movement][]MovementRow{
		Joined:       {row("Flo", Joined, "eur", 0, 100, "2026-11-10", "circle"), row("Ada", Joined, "usd", 0, 4900, "2026-11-10", "circle")},
		Reactivation: {row("Bo", Reactivation, "usd", 0, 3900, "2026-11-11", "circle")},
		Expansion:    {row("Cy", Expansion, "usd", 4900, 9900, "2026-11-12", "studio")},
		Contraction:  {row("Di", Contraction, "usd", 4900, 3900, "2026-11-13", "circle")},
		Churn:        {row("Ed", Churn, "usd", 9900, 0, "2026-11-14", "studio")},
	} {
		got, next, err := w.r.MovementRows(ctx, q, m, "", 10)
		if err != nil || next != "" {
			t.Fatalf("%s: next %q, %v", m, next, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", m, diff)
		}
	}
	q.Currency = "eur"
	if got, _, err := w.r.MovementRows(ctx, q, Joined, "", 0); err != nil || len(got) != 1 || got[0].DisplayName != "Flo" {
		t.Errorf("only one currency: %+v, %v", got, err)
	}
}

func TestMovementPages(t *testing.T) {
	t.Parallel()
	ctx, db := pgtest.Tx(t)
	w := newWorld(ctx, t, db)
	november(ctx, t, w)
	w.clock.Set(moment(t, "2026-11-30T23:59:00Z"))
	first, next, err := w.r.MovementRows(ctx, Query{}, Joined, "", 1)
	if err != nil || len(first) != 1 || next == "" {
		t.Fatalf("%+v, next %q, %v", first, next, err)
	}
	t.Run("the next page is of the same period, though it is another month now", func(t *testing.T) {
		w.clock.Advance(time.Hour)
		second, last, err := w.r.MovementRows(ctx, Query{}, Joined, next, 1)
		if err != nil || len(second) != 1 || last != "" || first[0].DisplayName != "Flo" || second[0].DisplayName != "Ada" {
			t.Errorf("%+v then %+v, next %q, %v", first, second, last, err)
		}
	})
	for _, c := range []struct {
		name string
		ctx  context.Context
		q    Query
		m    Movement
		from string
	}{
		{"another movement", ctx, Query{}, Churn, next},
		{"another zone", ctx, Query{TimeZone: "UTC"}, Joined, next},
		{"another currency", ctx, Query{Currency: "usd"}, Joined, next},
		{"another admin", account.WithActor(ctx, account.Actor{ID: w.member["Ada"]}), Query{}, Joined, next},
		{"nonsense", ctx, Query{}, Joined, "x"},
	} {
		t.Run("a cursor is not good for "+c.name, func(t *testing.T) {
			if _, _, err := w.r.MovementRows(c.ctx, c.q, c.m, c.from, 1); !errors.Is(err, fault.ErrCursor) {
				t.Errorf("%v, want cursor-invalid", err)
			}
		})
	}
}

func TestMovementsCSV(t *testing.T) {
	t.Parallel()
	ctx, db := pgtest.Tx(t)
	w := newWorld(ctx, t, db)
	const formula = "=cmd|' /C calc'!A0"
	w.join(ctx, formula)
	w.ledger(ctx, entry{who: formula, at: "2026-11-10T09:30:00Z", monthly: 4900}, entry{who: formula, at: "2026-12-10", monthly: -4900})
	csv := func(from, to string) string {
		m, err := w.r.Movements(ctx, over(t, from, to))
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := m.WriteCSV(&b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	const header = "member_id,display_name,email,movement,currency,mrr_before,mrr_after,effective_at,plan\r\n"
	want := header + w.member[formula].String() + ",'" + formula + ",'" + formula + "@example.org,new,usd,0,4900,2026-11-10T09:30:00Z," + w.slug("circle") + "\r\n"
	if diff := cmp.Diff(strings.ToLower(want), strings.ToLower(csv("2026-11-01", "2026-11-30"))); diff != "" {
		t.Errorf("one row (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(header, csv("2026-10-01", "2026-10-31")); diff != "" {
		t.Errorf("no rows (-want +got):\n%s", diff)
	}
}

func TestCSVListsWhatTheReportCounts(t *testing.T) {
	t.Parallel()
	ctx, db := pgtest.Tx(t)
	w := newWorld(ctx, t, db)
	m, err := w.r.Movements(ctx, november(ctx, t, w))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range m.Rows {
		got = append(got, r.DisplayName+" "+string(r.Movement))
	}
	want := []string{"Ed churn", "Di contraction", "Cy expansion", "Bo reactivation", "Flo new", "Ada new"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestCSVTellsThatItCouldNotBeWritten(t *testing.T) {
	t.Parallel()
	if err := (Movements{Rows: make([]MovementRow, 1)}).WriteCSV(brokenPipe{}); err == nil {
		t.Error("no error")
	}
}
