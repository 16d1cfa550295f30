package billing

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

func (s store) raiseFlag(ctx context.Context, f Flag) error {
	const sql = `INSERT INTO billing_flags (id, kind, subject, user_id, detail, raised_at) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (kind, subject) WHERE cleared_at IS NULL DO UPDATE SET detail = excluded.detail`
	return s.exec(ctx, "raise a flag", sql, f.ID, f.Kind, f.Subject, f.UserID, f.Detail, f.RaisedAt)
}

func (s store) clearFlag(ctx context.Context, id uuid.UUID, now time.Time) (bool, error) {
	const sql = `UPDATE billing_flags SET cleared_at = ? WHERE id = ? AND cleared_at IS NULL RETURNING id`
	_, cleared, err := pg.One[keyed](ctx, s.db, "clear a flag", sql, now, id)
	return cleared, err
}

func (s store) clearSubject(ctx context.Context, kind FlagKind, subject string, now time.Time) error {
	const sql = `UPDATE billing_flags SET cleared_at = ? WHERE kind = ? AND subject = ? AND cleared_at IS NULL`
	return s.exec(ctx, "clear a flag", sql, now, kind, subject)
}

func (s store) flags(ctx context.Context, limit int) ([]Flag, error) {
	const sql = `SELECT id, kind, subject, user_id, detail, raised_at FROM billing_flags WHERE cleared_at IS NULL ORDER BY raised_at DESC, id DESC LIMIT ?`
	return pg.Many[Flag](ctx, s.db, "list flags", sql, limit)
}

// sold are the prices on offer that Stripe knows.
func (s store) sold(ctx context.Context) ([]soldPrice, error) {
	const sql = `SELECT pr.stripe_price_id, pr.amount_minor, pr.currency, pl.name AS plan_name FROM prices pr JOIN plans pl ON pl.id = pr.plan_id
		WHERE pr.stripe_price_id IS NOT NULL AND pr.state = 'public' AND pl.state = 'public'`
	return pg.Many[soldPrice](ctx, s.db, "read what is sold", sql)
}
