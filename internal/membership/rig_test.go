package membership_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
	"github.com/womens-tech-conservatory/conservatory/internal/outbox"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// rig is a membership in a transaction that is rolled back.
type rig struct {
	ctx        context.Context
	db         *pg.DB
	clock      *clock.Manual
	membership *membership.Membership
}

func newRig(t *testing.T) rig {
	t.Helper()
	ctx, db := pgtest.Tx(t)
	c := clock.NewManual(noon)
	return rig{ctx, db, c, membership.New(db, c, outbox.New(db, c))}
}

func (r rig) exec(t testing.TB, sql string, args ...any) {
	t.Helper()
	tx, _ := r.db.Tx(r.ctx)
	if _, err := tx.Exec(r.ctx, sql, args...); err != nil {
		t.Fatal(err)
	}
}

// scalar reads one value.
func scalar[T any](t testing.TB, r rig, sql string, args ...any) T {
	t.Helper()
	var v T
	tx, _ := r.db.Tx(r.ctx)
	if err := tx.QueryRow(r.ctx, sql, args...).Scan(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func (r rig) user(t testing.TB) uuid.UUID {
	t.Helper()
	id := pg.NewID()
	r.exec(t, `INSERT INTO users (id, email, email_key, display_name, time_zone, state, version, created_at, updated_at)
		VALUES ($1, $2, $2, 'Ada', 'UTC', 'active', 1, $3, $3)`, id, id.String()+"@x.test", noon)
	return id
}

// running is a monthly subscription of 49.00 as Stripe tells it.
func running(user uuid.UUID) membership.Snapshot {
	end := noon.AddDate(0, 1, 0)
	return membership.Snapshot{
		UserID: user, StripeID: "sub_" + pg.NewID().String(), Status: membership.Active, AmountMinor: 4900, AnnualMinor: "58800",
		Currency: "usd", Interval: "month", IntervalCount: 1, CurrentPeriodStart: &noon, CurrentPeriodEnd: &end, StartedAt: noon,
	}
}

func (r rig) record(t testing.TB, s membership.Snapshot) {
	t.Helper()
	if err := r.membership.Record(r.ctx, s, "evt_test", r.clock.Now()); err != nil {
		t.Fatal(err)
	}
}

func (r rig) access(t testing.TB, user uuid.UUID) membership.Access {
	t.Helper()
	a, err := r.membership.Access(r.ctx, user)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (r rig) mrr(t testing.TB, user uuid.UUID, series membership.Series) string {
	t.Helper()
	return scalar[string](t, r, `SELECT trim_scale(coalesce(sum(annual_delta), 0))::text FROM membership_ledger
		WHERE user_id = $1 AND series = $2`, user, series)
}

func (r rig) events(t testing.TB, user uuid.UUID, kind string) int {
	t.Helper()
	return scalar[int](t, r, `SELECT count(*) FROM outbox WHERE user_id = $1 AND type = $2`, user, kind)
}
