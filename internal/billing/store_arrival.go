package billing

import (
	"context"
	"database/sql"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

const arrivalSQL = `
SELECT c.id, c.user_id, c.state, c.stripe_session_id, c.url, c.expires_at, plans.slug AS plan,
	prices.key AS price, coalesce(s.status, '') AS status
FROM checkouts c JOIN prices ON prices.id = c.price_id JOIN plans ON plans.id = prices.plan_id
LEFT JOIN subscriptions s ON s.stripe_id = c.stripe_subscription_id AND s.user_id = c.user_id
WHERE c.id = ? AND c.user_id = ?`

// arrival reads a checkout of a member; another's is missing.
func (s store) arrival(ctx context.Context, id, userID uuid.UUID) (arrival, error) {
	found, err := pg.First[arrival](ctx, s.db, arrivalSQL, id, userID)
	return found, wrap(err, "read a checkout")
}

// lookAt is true for one of those who want to ask Stripe about a checkout at
// the same time, and then for nobody until pause has passed.
func (s store) lookAt(ctx context.Context, id uuid.UUID, now time.Time, pause time.Duration) (bool, error) {
	const sql = `UPDATE checkouts SET looked_at = ? WHERE id = ? AND (looked_at IS NULL OR looked_at <= ?) RETURNING id`
	found, err := gorm.G[keyed](s.db.Conn(ctx)).Raw(sql, now, id, now.Add(-pause)).Find(ctx)
	return len(found) > 0, wrap(err, "take a look at a checkout")
}

const abandonedSQL = `
SELECT c.id, c.user_id, u.display_name, u.email, plans.slug AS plan, p.key AS price, p.amount_minor, p.currency, p."interval",
	p.interval_count, c.state, c.created_at, c.expires_at
FROM checkouts c JOIN users u ON u.id = c.user_id JOIN prices p ON p.id = c.price_id JOIN plans ON plans.id = p.plan_id
WHERE (c.state = 'expired' OR (c.state = 'open' AND c.created_at < @quiet))
	AND (CAST(@at AS timestamptz) IS NULL OR (c.created_at, c.id) < (@at, @id))
	AND NOT EXISTS (SELECT 1 FROM checkouts l WHERE l.user_id = c.user_id AND (l.created_at, l.id) > (c.created_at, c.id))
	AND NOT EXISTS (SELECT 1 FROM subscriptions s WHERE s.user_id = c.user_id AND s.started_at >= c.created_at - interval '1 minute')
ORDER BY c.created_at DESC, c.id DESC LIMIT @limit`

func (s store) abandoned(ctx context.Context, after Since, before time.Time, limit int) ([]Abandoned, error) {
	found, err := gorm.G[Abandoned](s.db.Conn(ctx)).Raw(abandonedSQL, sql.Named("quiet", before),
		sql.Named("at", sql.Null[time.Time]{V: after.At, Valid: !after.At.IsZero()}), sql.Named("id", after.ID),
		sql.Named("limit", limit)).Find(ctx)
	return found, wrap(err, "list the checkouts that were left")
}
