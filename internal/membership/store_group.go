package membership

import (
	"context"
	"database/sql"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

const liveInSQL = `
SELECT s.id FROM subscriptions s LEFT JOIN plans p ON p.id = s.plan_id
WHERE s.user_id = ? AND s.status NOT IN ('canceled', 'incomplete_expired', 'paused') AND coalesce(p.group_key = ?, true) LIMIT 1`

// liveIn tells whether a subscription of hers runs in a group; one whose plan
// is not known runs in all of them.
func (s store) liveIn(ctx context.Context, userID uuid.UUID, group string) (bool, error) {
	found, err := gorm.G[keyed](s.db.Conn(ctx)).Raw(liveInSQL, userID, group).Find(ctx)
	return len(found) > 0, wrap(err, "look for a running subscription")
}

// The one that is held stays held while it runs; else the oldest is.
const rankSQL = `
WITH running AS (
	SELECT s.id, p.group_key AS plan_group, row_number() OVER (PARTITION BY p.group_key
		ORDER BY (s.held AND s.plan_group = p.group_key) DESC, s.started_at, s.id) AS nth
	FROM subscriptions s JOIN plans p ON p.id = s.plan_id
	WHERE s.user_id = @user AND s.status NOT IN ('canceled', 'incomplete_expired', 'paused')
)`

const releaseSQL = rankSQL + `
UPDATE subscriptions s SET held = false WHERE s.user_id = @user AND s.held
	AND NOT EXISTS (SELECT 1 FROM running r WHERE r.id = s.id AND r.nth = 1 AND r.plan_group = s.plan_group)`

const holdSQL = rankSQL + `
UPDATE subscriptions s SET plan_group = r.plan_group, held = r.nth = 1 FROM running r
WHERE r.id = s.id AND (s.plan_group, s.held) IS DISTINCT FROM (r.plan_group, r.nth = 1)`

// hold notes which of her running subscriptions is the one of its group. In
// two steps: an index lets no two be it even for a moment.
func (s store) hold(ctx context.Context, userID uuid.UUID) error {
	if err := s.exec(ctx, "let go of a plan group", releaseSQL, sql.Named("user", userID)); err != nil {
		return err
	}
	return s.exec(ctx, "hold a plan group", holdSQL, sql.Named("user", userID))
}

func (s store) plans(ctx context.Context) ([]Plan, error) {
	found, err := gorm.G[Plan](s.db.Conn(ctx)).Raw(`SELECT ` + planColumns + ` FROM plans ORDER BY position, slug`).Find(ctx)
	return found, wrap(err, "read all plans")
}

func (s store) prices(ctx context.Context) ([]Price, error) {
	const sql = `SELECT ` + priceColumns + ` FROM prices ORDER BY state DESC, amount_minor, key, created_at`
	found, err := gorm.G[Price](s.db.Conn(ctx)).Raw(sql).Find(ctx)
	return found, wrap(err, "read all prices")
}

func (s store) pricesOf(ctx context.Context, planID uuid.UUID) ([]Price, error) {
	const sql = `SELECT ` + priceColumns + ` FROM prices WHERE plan_id = ? ORDER BY state DESC, amount_minor, key, created_at`
	found, err := gorm.G[Price](s.db.Conn(ctx)).Raw(sql, planID).Find(ctx)
	return found, wrap(err, "read the prices of a plan")
}
