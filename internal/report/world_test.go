package report

import (
	"context"
	"math/big"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
	"github.com/womens-tech-conservatory/conservatory/pkg/cursor"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// world is a database with two plans in it, at the end of 2026.
type world struct {
	t      testing.TB
	db     *pg.DB
	clock  *clock.Manual
	r      *Report
	member map[string]uuid.UUID
	subs   map[string]uuid.UUID
	plan   map[string]uuid.UUID
}

func newWorld(ctx context.Context, t testing.TB, db *pg.DB, members ...string) *world {
	t.Helper()
	c := clock.NewManual(time.Date(2026, 12, 31, 12, 0, 0, 0, time.UTC))
	sealer, err := cursor.New([]byte(strings.Repeat("k", 32)), 24*time.Hour, c.Now)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, db: db, clock: c, r: New(db, c, sealer), member: map[string]uuid.UUID{}, subs: map[string]uuid.UUID{}, plan: map[string]uuid.UUID{}}
	for _, name := range []string{"circle", "studio"} {
		w.plan[name] = pg.NewID()
		w.exec(ctx, `INSERT INTO plans (id, slug, name, description, benefits, position, state, created_at) VALUES ($1, $2, $2, '', '', 1, 'public', $3)`,
			w.plan[name], w.slug(name), c.Now())
	}
	for _, name := range members {
		w.join(ctx, name)
	}
	return w
}

func (w *world) exec(ctx context.Context, sql string, args ...any) {
	w.t.Helper()
	run := w.db.Pool().Exec
	if tx, ok := w.db.Tx(ctx); ok {
		run = tx.Exec
	}
	if _, err := run(ctx, sql, args...); err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
}

// slug is the slug of a plan of this world alone: tests run side by side.
func (w *world) slug(plan string) string { return plan + "-" + w.plan[plan].String() }

// join makes a member with a subscription; each came a minute after the last.
func (w *world) join(ctx context.Context, name string) uuid.UUID {
	w.t.Helper()
	id, sub := pg.NewID(), pg.NewID()
	at := w.clock.Now().AddDate(-1, 0, 0).Add(time.Duration(len(w.member)) * time.Minute)
	w.exec(ctx, `INSERT INTO users (id, email, email_key, display_name, time_zone, state, version, created_at, updated_at)
		VALUES ($1, $2, $3, $4, 'UTC', 'active', 1, $5, $5)`, id, strings.ToLower(name)+"@example.org", id.String(), name, at)
	w.exec(ctx, `INSERT INTO subscriptions (id, user_id, stripe_id, plan_id, status, amount_minor, annual_minor, currency, "interval", interval_count,
		cancel_at_period_end, cancellation_reason, collection_paused, pay_url, started_at, updated_at)
		VALUES ($1, $2, $1::uuid::text, $3, 'active', 0, 0, 'usd', 'month', 1, false, '', false, '', $4, $4)`, sub, id, w.plan["circle"], at)
	w.member[name], w.subs[name] = id, sub
	return id
}

// entry is one line of the ledger. Monthly is in minor units.
type entry struct {
	who     string
	at      string // RFC 3339 or a day
	monthly int64
	// The rest may be left empty: mrr, usd, circle.
	series, currency, plan string
}

func (w *world) ledger(ctx context.Context, entries ...entry) {
	w.t.Helper()
	for _, e := range entries {
		w.record(ctx, e, big.NewRat(e.monthly*12, 1))
	}
}

func (w *world) record(ctx context.Context, e entry, annual *big.Rat) {
	w.t.Helper()
	or := func(s, other string) string {
		if s == "" {
			return other
		}
		return s
	}
	w.exec(ctx, `INSERT INTO membership_ledger (user_id, subscription_id, plan_id, series, currency, annual_delta, effective_at, recorded_at, source, reason)
		VALUES ($1, $2, $3, $4, $5, $6::text::numeric, $7, $7, 'test', '')`, w.member[e.who], w.subs[e.who], w.plan[or(e.plan, "circle")],
		or(e.series, "mrr"), or(e.currency, "usd"), annual.FloatString(8), moment(w.t, e.at))
}

func moment(t testing.TB, s string) time.Time {
	t.Helper()
	layout := time.RFC3339
	if len(s) == len(time.DateOnly) {
		layout = time.DateOnly
	}
	at, err := time.Parse(layout, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// over is the query for a period in UTC.
func over(t testing.TB, from, to string) Query {
	t.Helper()
	return Query{From: moment(t, from), To: moment(t, to)}
}

func (w *world) report(ctx context.Context, q Query) MembershipReport {
	w.t.Helper()
	out, err := w.r.Membership(ctx, q)
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}
