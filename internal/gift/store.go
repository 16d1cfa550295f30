package gift

import (
	"context"
	"database/sql"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// store is all SQL of the domain.
type store struct{ db *pg.DB }

const columns = `id, buyer_id, plan, months, amount_minor, currency, recipient_email, recipient_name, message, deliver_at, created_at, paid_at,
	mailed_at, expires_at, redeemed_at, redeemed_by, grant_id, withdrawn_at, withdrawn_by`

func (s store) insert(ctx context.Context, g Gift) error {
	const sql = `INSERT INTO gifts (id, buyer_id, plan, months, amount_minor, currency, recipient_email, recipient_name, message, deliver_at, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	return pg.Exec(ctx, s.db, "insert a gift", sql, g.ID, g.BuyerID, g.Plan, g.Months, g.AmountMinor, g.Currency, g.RecipientEmail, g.RecipientName,
		g.Message, g.DeliverAt, g.CreatedAt)
}

func (s store) byID(ctx context.Context, id uuid.UUID) (Gift, bool, error) {
	return pg.One[Gift](ctx, s.db, "read a gift", `SELECT `+columns+` FROM gifts WHERE id = ?`, id)
}

func (s store) lock(ctx context.Context, id uuid.UUID) (Gift, bool, error) {
	return pg.One[Gift](ctx, s.db, "lock a gift", `SELECT `+columns+` FROM gifts WHERE id = ? FOR NO KEY UPDATE`, id)
}

func (s store) of(ctx context.Context, buyer uuid.UUID, limit int) ([]Gift, error) {
	const sql = `SELECT ` + columns + ` FROM gifts WHERE buyer_id = ? ORDER BY created_at DESC, id DESC LIMIT ?`
	return pg.Many[Gift](ctx, s.db, "list the gifts of a buyer", sql, buyer, limit)
}

const allSQL = `SELECT ` + columns + ` FROM gifts
WHERE CAST(@after AS timestamptz) IS NULL OR (created_at, id) < (@after, @id)
ORDER BY created_at DESC, id DESC LIMIT @limit`

func (s store) all(ctx context.Context, after Position, limit int) ([]Gift, error) {
	return pg.Many[Gift](ctx, s.db, "list gifts", allSQL, sql.Named("id", after.ID), sql.Named("limit", limit),
		sql.Named("after", sql.Null[time.Time]{V: after.CreatedAt, Valid: !after.CreatedAt.IsZero()}))
}

func (s store) paid(ctx context.Context, id uuid.UUID, now, expires time.Time) error {
	const sql = `UPDATE gifts SET paid_at = ?, expires_at = ? WHERE id = ? AND paid_at IS NULL`
	return pg.Exec(ctx, s.db, "pay a gift", sql, now, expires, id)
}

// Of many hands that hold the link, one gets the row.
const redeemSQL = `UPDATE gifts SET redeemed_at = @now, redeemed_by = @user, recipient_email = NULL
WHERE id = @id AND paid_at IS NOT NULL AND redeemed_at IS NULL AND withdrawn_at IS NULL AND expires_at > @now
RETURNING ` + columns

func (s store) redeem(ctx context.Context, id, userID uuid.UUID, now time.Time) (Gift, bool, error) {
	return pg.One[Gift](ctx, s.db, "redeem a gift", redeemSQL, sql.Named("id", id), sql.Named("user", userID), sql.Named("now", now))
}

func (s store) granted(ctx context.Context, id, grantID uuid.UUID) error {
	return pg.Exec(ctx, s.db, "note the grant of a gift", `UPDATE gifts SET grant_id = ? WHERE id = ?`, grantID, id)
}

func (s store) withdraw(ctx context.Context, id, by uuid.UUID, now time.Time) (Gift, bool, error) {
	const sql = `UPDATE gifts SET withdrawn_at = ?, withdrawn_by = ?, recipient_email = NULL
		WHERE id = ? AND redeemed_at IS NULL AND withdrawn_at IS NULL RETURNING ` + columns
	return pg.One[Gift](ctx, s.db, "withdraw a gift", sql, now, by, id)
}

// due are those whose day has come and whose letter nobody has promised.
func (s store) due(ctx context.Context, now time.Time, limit int) ([]Gift, error) {
	const sql = `SELECT ` + columns + ` FROM gifts WHERE paid_at IS NOT NULL AND mailed_at IS NULL AND recipient_email IS NOT NULL
		AND deliver_at <= ? ORDER BY deliver_at LIMIT ?`
	return pg.Many[Gift](ctx, s.db, "look for gifts to deliver", sql, now, limit)
}

// claimLetter is false when there is nothing to bring (any more). A repeated job
// finds its own claim.
func (s store) claimLetter(ctx context.Context, id uuid.UUID, now time.Time) (Gift, bool, error) {
	const sql = `UPDATE gifts SET mailed_at = coalesce(mailed_at, ?) WHERE id = ? AND paid_at IS NOT NULL AND redeemed_at IS NULL
		AND withdrawn_at IS NULL AND expires_at > ? AND recipient_email IS NOT NULL RETURNING ` + columns
	return pg.One[Gift](ctx, s.db, "claim the letter of a gift", sql, now, id, now)
}

func (s store) prune(ctx context.Context, unpaidBefore, now time.Time) error {
	if err := pg.Exec(ctx, s.db, "forget unpaid gifts", `DELETE FROM gifts WHERE paid_at IS NULL AND created_at < ?`, unpaidBefore); err != nil {
		return err
	}
	return pg.Exec(ctx, s.db, "forget addresses of gifts", `UPDATE gifts SET recipient_email = NULL WHERE recipient_email IS NOT NULL AND expires_at < ?`, now)
}
