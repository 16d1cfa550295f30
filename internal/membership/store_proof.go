package membership

import (
	"context"
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// bookedRow is a subscription with a sum of the ledger.
type bookedRow struct {
	Subscription
	Booked string
}

func (s store) booked(ctx context.Context, stripeIDs []string) ([]bookedRow, error) {
	const sql = `SELECT ` + subscriptionColumns + `, (SELECT coalesce(sum(l.annual_delta), 0)::text FROM membership_ledger l
			WHERE l.subscription_id = s.id AND l.series = 'mrr' AND l.currency = s.currency) AS booked
		FROM subscriptions s WHERE s.stripe_id IN ?`
	return pg.Many[bookedRow](ctx, s.db, "read subscriptions and their ledger", sql, stripeIDs)
}

func (s store) leftover(ctx context.Context) ([]string, error) {
	const sql = `SELECT s.stripe_id AS text FROM subscriptions s JOIN membership_ledger l ON l.subscription_id = s.id
		WHERE s.status NOT IN ('trialing', 'active', 'past_due') AND l.series = 'mrr'
		GROUP BY s.stripe_id, l.currency HAVING sum(l.annual_delta) <> 0 ORDER BY s.stripe_id LIMIT 100`
	found, err := pg.Many[struct{ Text string }](ctx, s.db, "look for ended subscriptions in the ledger", sql)
	var all []string
	for _, f := range found {
		all = append(all, f.Text)
	}
	return all, err
}

// paysSQL says whether a member u pays: a running subscription that costs
// something and is neither a trial nor paused.
const paysSQL = `s.status IN ('active', 'past_due') AND NOT s.collection_paused AND s.annual_minor > 0`

func (s store) withoutPayment(ctx context.Context, now time.Time) ([]FreeAccess, error) {
	const sql = `SELECT a.reason, coalesce(g.kind, '') AS kind, count(*) AS members FROM member_access a
		LEFT JOIN LATERAL (SELECT kind FROM grants WHERE a.reason = 'grant' AND user_id = a.user_id AND revoked_at IS NULL
			AND starts_at <= @now AND (ends_at IS NULL OR ends_at > @now) ORDER BY level = a.level DESC, created_at, id LIMIT 1) g ON true
		WHERE a.level <> 'none' AND (a.until IS NULL OR a.until > @now)
			AND NOT EXISTS (SELECT FROM subscriptions s WHERE s.user_id = a.user_id AND ` + paysSQL + `)
		GROUP BY 1, 2 ORDER BY 1, 2`
	return pg.Many[FreeAccess](ctx, s.db, "count access without payment", sql, map[string]any{"now": now})
}

func (s store) withoutAccess(ctx context.Context, now time.Time, limit int) ([]Paying, error) {
	const sql = `SELECT s.user_id, s.stripe_id, coalesce(a.reason = 'banned', false) AS banned FROM subscriptions s
		LEFT JOIN member_access a ON a.user_id = s.user_id
		WHERE ` + paysSQL + ` AND (a.user_id IS NULL OR a.level = 'none' OR a.until <= @now)
			AND (s.cancel_at IS NULL OR s.cancel_at > @now)
		ORDER BY s.user_id, s.stripe_id LIMIT @limit`
	return pg.Many[Paying](ctx, s.db, "look for payment without access", sql, map[string]any{"now": now, "limit": limit})
}

func (s store) twice(ctx context.Context, limit int) ([]Paying, error) {
	const sql = `SELECT user_id, stripe_id FROM (SELECT user_id, stripe_id, count(*) OVER (PARTITION BY user_id) AS n FROM subscriptions
			WHERE status NOT IN ('canceled', 'incomplete_expired', 'paused')) live
		WHERE n > 1 ORDER BY user_id, stripe_id LIMIT ?`
	return pg.Many[Paying](ctx, s.db, "look for double subscriptions", sql, limit)
}
