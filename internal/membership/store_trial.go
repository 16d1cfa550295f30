package membership

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

func (s store) hadTrial(ctx context.Context, userID uuid.UUID) (bool, error) {
	const sql = `SELECT user_id AS id FROM trials WHERE user_id = ? UNION ALL (SELECT user_id FROM subscriptions WHERE user_id = ? LIMIT 1)`
	found, err := gorm.G[keyed](s.db.Conn(ctx)).Raw(sql, userID, userID).Find(ctx)
	return len(found) > 0, wrap(err, "look for a trial")
}

func (s store) spendTrial(ctx context.Context, userID uuid.UUID, at time.Time) error {
	const sql = `INSERT INTO trials (user_id, used_at) VALUES (?, ?) ON CONFLICT (user_id) DO NOTHING`
	return s.exec(ctx, "remember a trial", sql, userID, at)
}
