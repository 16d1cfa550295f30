package report

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

func (w *world) access(ctx context.Context, who, level, reason string, until *time.Time) {
	w.t.Helper()
	w.exec(ctx, `INSERT INTO member_access (user_id, level, reason, until, notice, pay_url, updated_at) VALUES ($1, $2, $3, $4, '', '', $5)`,
		w.member[who], level, reason, until, w.clock.Now())
}

func TestAccessNow(t *testing.T) {
	t.Parallel()
	ctx, db := pgtest.Tx(t)
	w := newWorld(ctx, t, db, "Pays", "Free", "Guest", "Trial", "Paused", "Over", "Banned", "Both")
	over := w.clock.Now()
	w.access(ctx, "Pays", "full", "subscription", nil)
	w.access(ctx, "Free", "full", "subscription", nil)
	w.access(ctx, "Guest", "full", "grant", nil)
	w.access(ctx, "Trial", "full", "trial", nil)
	w.access(ctx, "Paused", "read_only", "paused", nil)
	w.access(ctx, "Over", "full", "grant", &over)
	w.access(ctx, "Banned", "none", "banned", nil)
	w.access(ctx, "Both", "full", "grant", nil)
	w.ledger(
		ctx, entry{who: "Pays", at: "2026-01-10", monthly: 4900}, entry{who: "Pays", at: "2026-01-10", monthly: 4900, currency: "eur"},
		entry{who: "Banned", at: "2026-01-10", monthly: 4900}, entry{who: "Both", at: "2026-01-10", monthly: 4900},
	)
	want := AccessCount{Paying: 2, WithoutPayment: 4, ByReason: []ReasonCount{{"grant", 1}, {"paused", 1}, {"subscription", 1}, {"trial", 1}}}
	if diff := cmp.Diff(want, w.report(ctx, Query{}).Access); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestAccessThen puts the same people together from what is dated, although
// today nobody has access any more.
func TestAccessThen(t *testing.T) {
	t.Parallel()
	ctx, db := pgtest.Tx(t)
	w := newWorld(ctx, t, db, "Pays", "Guest", "Former", "Revoked", "Trial", "Paused", "Banned", "Both")
	grant := func(who, starts string, ends, revoked any) {
		w.exec(ctx, `INSERT INTO grants (id, user_id, kind, level, starts_at, ends_at, revoked_at, reason, created_at)
			VALUES ($1, $2, 'comp', 'full', $3::text::timestamptz, $4::text::timestamptz, $5::text::timestamptz, '', now())`,
			pg.NewID(), w.member[who], starts, ends, revoked)
	}
	grant("Guest", "2026-06-01", "2026-12-01", nil)
	grant("Former", "2026-06-01", "2026-10-01", nil)
	grant("Revoked", "2026-06-01", nil, "2026-11-15")
	grant("Banned", "2026-06-01", nil, nil)
	grant("Both", "2026-06-01", nil, nil)
	w.exec(ctx, `INSERT INTO bans (id, user_id, reason, starts_at, lifted_at, created_at) VALUES ($1, $2, '', '2026-11-20', '2026-12-05', now())`, pg.NewID(), w.member["Banned"])
	w.ledger(
		ctx, entry{who: "Pays", at: "2026-01-10", monthly: 4900}, entry{who: "Pays", at: "2026-12-10", monthly: -4900},
		entry{who: "Both", at: "2026-01-10", monthly: 4900}, entry{who: "Trial", at: "2026-11-20", monthly: 4900, series: "trial"},
		entry{who: "Paused", at: "2026-11-20", monthly: 4900, series: "paused"},
	)
	november := over(t, "2026-11-01", "2026-11-30")
	want := AccessCount{Paying: 2, WithoutPayment: 3, ByReason: []ReasonCount{{"grant", 1}, {"paused", 1}, {"trial", 1}}}
	if diff := cmp.Diff(want, w.report(ctx, november).Access); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	t.Run("and it is the same however much later one asks", func(t *testing.T) {
		before := w.report(ctx, november)
		w.clock.Advance(400 * 24 * time.Hour)
		after := w.report(ctx, november)
		after.GeneratedAt = before.GeneratedAt
		if diff := cmp.Diff(before, after, exactly()); diff != "" {
			t.Errorf("(-before +after):\n%s", diff)
		}
	})
}
