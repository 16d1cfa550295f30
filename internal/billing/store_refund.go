package billing

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

const orderColumns = `id, user_id, invoice_id, stripe_charge_id, amount_minor, currency, reason, note, ends_access, asked_by, client_key, state,
	failure, stripe_refund_id, asked_at, settled_at`

func (s store) order(ctx context.Context, id uuid.UUID) (refundOrder, error) {
	found, err := pg.First[refundOrder](ctx, s.db, `SELECT `+orderColumns+` FROM refund_orders WHERE id = ?`, id)
	return found, wrap(err, "read a refund order")
}

func (s store) orderByKey(ctx context.Context, askedBy uuid.UUID, key string) (refundOrder, bool, error) {
	const sql = `SELECT ` + orderColumns + ` FROM refund_orders WHERE asked_by = ? AND client_key = ?`
	return pg.One[refundOrder](ctx, s.db, "look for a refund order", sql, askedBy, key)
}

func (s store) openOrder(ctx context.Context, invoiceID uuid.UUID) (refundOrder, bool, error) {
	const sql = `SELECT ` + orderColumns + ` FROM refund_orders WHERE invoice_id = ? AND state = 'asked'`
	return pg.One[refundOrder](ctx, s.db, "look for an open refund order", sql, invoiceID)
}

// openOrders have been open for a while.
func (s store) openOrders(ctx context.Context, before time.Time, limit int) ([]uuid.UUID, error) {
	const sql = `SELECT id FROM refund_orders WHERE state = 'asked' AND asked_at < ? ORDER BY asked_at LIMIT ?`
	found, err := gorm.G[keyed](s.db.Conn(ctx)).Raw(sql, before, limit).Find(ctx)
	return uuids(found), wrap(err, "look for open refund orders")
}

// insertOrder reports whether it did: at the same moment another may have come
// before it.
func (s store) insertOrder(ctx context.Context, o refundOrder) (bool, error) {
	const sql = `INSERT INTO refund_orders (id, user_id, invoice_id, stripe_charge_id, amount_minor, currency, reason, note, ends_access,
		asked_by, client_key, state, failure, stripe_refund_id, asked_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'asked', '', '', ?)
		ON CONFLICT DO NOTHING RETURNING id`
	_, fresh, err := pg.One[keyed](ctx, s.db, "write a refund order", sql, o.ID, o.UserID, o.InvoiceID, o.StripeChargeID, o.AmountMinor, o.Currency, o.Reason,
		o.Note, o.EndsAccess, o.AskedBy, o.ClientKey, o.AskedAt)
	return fresh, err
}

func (s store) settleOrder(ctx context.Context, o refundOrder, now time.Time) error {
	const sql = `UPDATE refund_orders SET state = ?, failure = ?, stripe_refund_id = ?, settled_at = ? WHERE id = ? AND state = 'asked'`
	return s.exec(ctx, "settle a refund order", sql, o.State, o.Failure, o.StripeRefundID, now, o.ID)
}

// refundable says what could go back of an invoice of hers. A dispute that took
// the money leaves nothing.
func (s store) refundable(ctx context.Context, userID, invoiceID uuid.UUID) (left, error) {
	const sql = `SELECT coalesce(c.stripe_id, '') AS stripe_charge_id, i.currency,
		CASE WHEN c.id IS NULL OR EXISTS (SELECT 1 FROM disputes d WHERE d.stripe_charge_id = c.stripe_id AND d.withdrawn_at IS NOT NULL)
			THEN 0 ELSE c.amount_minor - c.refunded_minor END AS minor,
		NOT EXISTS (SELECT 1 FROM invoices later WHERE later.user_id = i.user_id AND later.status = 'paid' AND later.amount_paid_minor > 0
			AND (later.created_at, later.id) > (i.created_at, i.id)) AS last
		FROM invoices i LEFT JOIN charges c ON c.stripe_invoice_id = i.stripe_id AND c.status = 'succeeded'
		WHERE i.id = ? AND i.user_id = ?`
	found, err := pg.First[left](ctx, s.db, sql, invoiceID, userID)
	return found, wrap(err, "read what is left of an invoice")
}

// subscriptionOf is Stripe's id of what an invoice is for, while it runs.
func (s store) subscriptionOf(ctx context.Context, invoiceID uuid.UUID) (string, error) {
	const sql = `SELECT s.stripe_id AS text FROM invoices i JOIN subscriptions s ON s.stripe_id = i.stripe_subscription_id
		WHERE i.id = ? AND s.status NOT IN ('canceled', 'incomplete_expired')`
	found, err := pg.First[texted](ctx, s.db, sql, invoiceID)
	return found.Text, wrap(err, "read the subscription of an invoice")
}

func uuids(rows []keyed) []uuid.UUID {
	ids := make([]uuid.UUID, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	return ids
}

func (s store) moneyBack(ctx context.Context, userID uuid.UUID, limit int) (all MoneyBack, err error) {
	const paidSQL = `SELECT i.id, i.number, i.currency, i.amount_paid_minor AS paid_minor, coalesce(c.refunded_minor, 0) AS refunded_minor, i.paid_at
		FROM invoices i LEFT JOIN charges c ON c.stripe_invoice_id = i.stripe_id AND c.status = 'succeeded'
		WHERE i.user_id = ? AND i.status = 'paid' AND i.amount_paid_minor > 0 ORDER BY i.created_at DESC, i.id DESC LIMIT ?`
	if all.Paid, err = pg.Many[PaidInvoice](ctx, s.db, "list paid invoices", paidSQL, userID, limit); err != nil {
		return all, err
	}
	const refundsSQL = `SELECT r.id, i.id AS invoice_id, r.status, r.amount_minor, r.currency, r.reason, r.failure, r.occurred_at, r.ended_at,
		coalesce(o.ends_access, false) AS ended_access, coalesce(o.note, '') AS note
		FROM refunds r LEFT JOIN invoices i ON i.stripe_id = r.stripe_invoice_id LEFT JOIN refund_orders o ON o.stripe_refund_id = r.stripe_id
		WHERE r.user_id = ? ORDER BY r.occurred_at DESC, r.id DESC LIMIT ?`
	if all.Refunds, err = pg.Many[Refunded](ctx, s.db, "list refunds", refundsSQL, userID, limit); err != nil {
		return all, err
	}
	const disputesSQL = `SELECT ` + disputeColumns + ` WHERE d.user_id = ? ORDER BY d.occurred_at DESC, d.id DESC LIMIT ?`
	if all.Disputes, err = pg.Many[Disputed](ctx, s.db, "list disputes", disputesSQL, userID, limit); err != nil {
		return all, err
	}
	const notesSQL = `SELECT n.id, i.id AS invoice_id, n.number, n.status, n.reason, n.amount_minor, n.currency, n.pdf_url, n.occurred_at, n.voided_at
		FROM credit_notes n LEFT JOIN invoices i ON i.stripe_id = n.stripe_invoice_id WHERE n.user_id = ? ORDER BY n.occurred_at DESC, n.id DESC LIMIT ?`
	all.Notes, err = pg.Many[Credited](ctx, s.db, "list credit notes", notesSQL, userID, limit)
	return all, err
}

const disputeColumns = `d.id, d.user_id, i.id AS invoice_id, d.status, d.reason, d.amount_minor, d.currency, d.answered, d.due_by,
	d.occurred_at, d.withdrawn_at, d.reinstated_at FROM disputes d LEFT JOIN invoices i ON i.stripe_id = d.stripe_invoice_id`

func (s store) openDisputes(ctx context.Context, limit int) ([]Disputed, error) {
	const sql = `SELECT ` + disputeColumns + ` WHERE d.status IN ('needs_response', 'warning_needs_response') AND NOT d.answered
		ORDER BY d.due_by NULLS LAST, d.id LIMIT ?`
	return pg.Many[Disputed](ctx, s.db, "list disputes that wait for an answer", sql, limit)
}
