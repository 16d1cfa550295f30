package billing

import (
	"context"
	"database/sql"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

const purchaseColumns = `id, user_id, purpose, subject_id, title, amount_minor, currency, state, stripe_session_id,
	stripe_payment_intent_id, url, expires_at, created_at, updated_at, paid_at,
	refund_asked_at, refunded_at, stripe_refund_id, refund_failure`

func (s store) insertPurchase(ctx context.Context, p Purchase) error {
	const sql = `INSERT INTO purchases (id, user_id, purpose, subject_id, title, amount_minor, currency, state, url, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, '', ?, ?)`
	return s.exec(ctx, "insert a purchase", sql, p.ID, p.UserID, p.Purpose, p.SubjectID, p.Title, p.AmountMinor, p.Currency, p.State,
		p.CreatedAt, p.UpdatedAt)
}

func (s store) purchase(ctx context.Context, id, userID uuid.UUID) (Purchase, bool, error) {
	const sql = `SELECT ` + purchaseColumns + ` FROM purchases WHERE id = ? AND user_id = ?`
	return pg.One[Purchase](ctx, s.db, "read a purchase", sql, id, userID)
}

// openPurchase is the one that can be paid, or was being made.
func (s store) openPurchase(ctx context.Context, userID uuid.UUID, purpose Purpose, subjectID uuid.UUID) (Purchase, bool, error) {
	const sql = `SELECT ` + purchaseColumns + ` FROM purchases
		WHERE user_id = ? AND purpose = ? AND subject_id = ? AND state IN ('creating', 'open')`
	return pg.One[Purchase](ctx, s.db, "read an open purchase", sql, userID, purpose, subjectID)
}

func (s store) openPurchases(ctx context.Context, userID uuid.UUID) ([]Purchase, error) {
	const sql = `SELECT ` + purchaseColumns + ` FROM purchases WHERE user_id = ? AND state IN ('creating', 'open')`
	return pg.Many[Purchase](ctx, s.db, "read open purchases", sql, userID)
}

// purchased is true when somebody has paid for a subject, or money for it is on
// its way.
func (s store) purchased(ctx context.Context, purpose Purpose, subjectID uuid.UUID) (bool, error) {
	const sql = `SELECT id FROM purchases WHERE purpose = ? AND subject_id = ? AND state IN ('processing', 'paid') LIMIT 1`
	_, found, err := pg.One[keyed](ctx, s.db, "look whether it is paid", sql, purpose, subjectID)
	return found, err
}

func (s store) purchases(ctx context.Context, userID uuid.UUID, limit int) ([]Purchase, error) {
	const sql = `SELECT ` + purchaseColumns + ` FROM purchases WHERE user_id = ? ORDER BY created_at DESC, id DESC LIMIT ?`
	return pg.Many[Purchase](ctx, s.db, "list purchases", sql, userID, limit)
}

// stalePurchases have waited for their end for a while.
func (s store) stalePurchases(ctx context.Context, before time.Time, limit int) ([]Purchase, error) {
	const sql = `SELECT ` + purchaseColumns + ` FROM purchases
		WHERE state IN ('creating', 'open', 'processing') AND created_at < ? ORDER BY created_at LIMIT ?`
	return pg.Many[Purchase](ctx, s.db, "look for purchases that wait", sql, before, limit)
}

func (s store) purchaseOpened(ctx context.Context, id uuid.UUID, made session, now time.Time) (Purchase, bool, error) {
	const sql = `UPDATE purchases SET state = 'open', stripe_session_id = ?, url = ?, expires_at = ?, updated_at = ?
		WHERE id = ? AND state = 'creating' RETURNING ` + purchaseColumns
	return pg.One[Purchase](ctx, s.db, "open a purchase", sql, made.ID, made.URL, made.ExpiresAt, now, id)
}

// The guard is in the statement: of many that say the same, one moves it.
const movePurchaseSQL = `
UPDATE purchases SET state = @state, updated_at = @now,
	stripe_session_id = coalesce(stripe_session_id, nullif(@session, '')),
	stripe_payment_intent_id = coalesce(nullif(@intent, ''), stripe_payment_intent_id),
	url = '',
	paid_at = CASE WHEN @state = 'paid' THEN CAST(@now AS timestamptz) END
WHERE id = @id AND state IN @from
RETURNING ` + purchaseColumns

func (s store) movePurchase(ctx context.Context, id uuid.UUID, to payment, now time.Time) (Purchase, bool, error) {
	from := reachedFrom(to.State)
	if len(from) == 0 {
		return Purchase{}, false, nil // it is open still
	}
	return pg.One[Purchase](ctx, s.db, "move a purchase on", movePurchaseSQL, sql.Named("id", id), sql.Named("state", to.State),
		sql.Named("session", to.Session), sql.Named("intent", to.Intent), sql.Named("from", from), sql.Named("now", now))
}

func (s store) askRefunds(ctx context.Context, purpose Purpose, subjectID uuid.UUID, now time.Time) ([]Purchase, error) {
	const sql = `UPDATE purchases SET refund_asked_at = ? WHERE purpose = ? AND subject_id = ? AND state = 'paid' AND refund_asked_at IS NULL
		RETURNING ` + purchaseColumns
	return pg.Many[Purchase](ctx, s.db, "ask for refunds", sql, now, purpose, subjectID)
}

const refundOpenSQL = `refund_asked_at IS NOT NULL AND refunded_at IS NULL AND refund_failure = ''`

func (s store) refundOpen(ctx context.Context, id uuid.UUID) (Purchase, bool, error) {
	return pg.One[Purchase](ctx, s.db, "read a refund", `SELECT `+purchaseColumns+` FROM purchases WHERE id = ? AND `+refundOpenSQL, id)
}

func (s store) refundsOpen(ctx context.Context, before time.Time, limit int) ([]Purchase, error) {
	return pg.Many[Purchase](ctx, s.db, "look for refunds that wait",
		`SELECT `+purchaseColumns+` FROM purchases WHERE `+refundOpenSQL+` AND refund_asked_at < ? LIMIT ?`, before, limit)
}

func (s store) refundSettled(ctx context.Context, id uuid.UUID, refund, failure string, now time.Time) error {
	const sql = `UPDATE purchases SET stripe_refund_id = ?, refund_failure = ?, refunded_at = CASE WHEN ? = '' THEN CAST(? AS timestamptz) END
		WHERE id = ? AND refunded_at IS NULL`
	return s.exec(ctx, "settle a refund", sql, refund, failure, failure, now, id)
}
