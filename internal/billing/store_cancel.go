package billing

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// keepCancellation notes that a member asked for the end of a subscription, or
// what she says of it now; fresh is true the first time.
func (s store) keepCancellation(ctx context.Context, userID, subscriptionID uuid.UUID, c Cancellation, now time.Time) (fresh bool, err error) {
	const sql = `INSERT INTO cancellations (id, user_id, subscription_id, reason, comment, asked_at) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (subscription_id) WHERE taken_back_at IS NULL DO UPDATE SET reason = excluded.reason, comment = excluded.comment
		RETURNING id`
	id := pg.NewID()
	kept, err := pg.First[keyed](ctx, s.db, sql, id, userID, subscriptionID, c.Reason, c.Comment, now)
	return kept.ID == id, wrap(err, "keep a cancellation")
}

func (s store) takeBackCancellation(ctx context.Context, subscriptionID uuid.UUID, now time.Time) error {
	const sql = `UPDATE cancellations SET taken_back_at = ? WHERE subscription_id = ? AND taken_back_at IS NULL`
	return s.exec(ctx, "take back a cancellation", sql, now, subscriptionID)
}

func (s store) invoices(ctx context.Context, userID uuid.UUID, limit int) ([]Invoice, error) {
	const sql = `SELECT id, number, status, amount_due_minor AS due_minor, amount_paid_minor AS paid_minor, currency,
		hosted_url AS page_url, pdf_url, created_at, paid_at
		FROM invoices WHERE user_id = ? AND status <> 'draft' ORDER BY created_at DESC, id DESC LIMIT ?`
	found, err := gorm.G[Invoice](s.db.Conn(ctx)).Raw(sql, userID, limit).Find(ctx)
	return found, wrap(err, "list invoices")
}
