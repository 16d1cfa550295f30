package billing

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// ownInvoices are Stripe's ids of a member's invoices.
func (s store) ownInvoices(ctx context.Context, userID uuid.UUID) (map[string]bool, error) {
	rows, err := gorm.G[texted](s.db.Conn(ctx)).Raw(`SELECT stripe_id AS text FROM invoices WHERE user_id = ?`, userID).Find(ctx)
	own := map[string]bool{}
	for _, r := range rows {
		own[r.Text] = true
	}
	return own, wrap(err, "read the invoices of a member")
}

const (
	upsertChargeSQL = `
INSERT INTO charges AS c (id, stripe_id, user_id, stripe_invoice_id, status, amount_minor, refunded_minor, currency, occurred_at, updated_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (stripe_id) DO UPDATE SET status = excluded.status, refunded_minor = excluded.refunded_minor, updated_at = excluded.updated_at
WHERE c.user_id = excluded.user_id AND (c.status, c.refunded_minor) IS DISTINCT FROM (excluded.status, excluded.refunded_minor)`

	upsertRefundSQL = `
INSERT INTO refunds AS r (id, stripe_id, user_id, stripe_charge_id, stripe_invoice_id, status, amount_minor, currency, reason, failure,
	occurred_at, ended_at, updated_at)
VALUES (@id, @stripe, @user, @charge, @invoice, @status, @amount, @currency, @reason, @failure, @occurred,
	CASE WHEN @status IN ('failed', 'canceled') THEN CAST(@now AS timestamptz) END, @now)
ON CONFLICT (stripe_id) DO UPDATE SET status = excluded.status, failure = excluded.failure,
	ended_at = CASE WHEN excluded.ended_at IS NOT NULL THEN coalesce(r.ended_at, excluded.ended_at) END, updated_at = excluded.updated_at
WHERE r.user_id = excluded.user_id AND (r.status, r.failure) IS DISTINCT FROM (excluded.status, excluded.failure)`

	upsertDisputeSQL = `
INSERT INTO disputes AS d (id, stripe_id, user_id, stripe_charge_id, stripe_invoice_id, status, reason, amount_minor, currency, answered,
	due_by, occurred_at, withdrawn_at, reinstated_at, updated_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (stripe_id) DO UPDATE SET status = excluded.status, reason = excluded.reason, amount_minor = excluded.amount_minor,
	answered = excluded.answered, due_by = excluded.due_by, withdrawn_at = excluded.withdrawn_at,
	reinstated_at = excluded.reinstated_at, updated_at = excluded.updated_at
WHERE d.user_id = excluded.user_id AND (d.status, d.reason, d.amount_minor, d.answered, d.due_by, d.withdrawn_at, d.reinstated_at)
	IS DISTINCT FROM (excluded.status, excluded.reason, excluded.amount_minor, excluded.answered, excluded.due_by,
		excluded.withdrawn_at, excluded.reinstated_at)`

	upsertNoteSQL = `
INSERT INTO credit_notes AS n (id, stripe_id, user_id, stripe_invoice_id, stripe_refund_id, number, kind, status, reason, amount_minor,
	currency, pdf_url, occurred_at, voided_at, updated_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (stripe_id) DO UPDATE SET status = excluded.status, pdf_url = excluded.pdf_url, voided_at = excluded.voided_at,
	updated_at = excluded.updated_at
WHERE n.user_id = excluded.user_id AND (n.status, n.pdf_url, n.voided_at) IS DISTINCT FROM (excluded.status, excluded.pdf_url, excluded.voided_at)`
)

// keepMoney writes what Stripe has, row by row and by Stripe's ids: what is
// already so stays untouched.
func (s store) keepMoney(ctx context.Context, userID uuid.UUID, m moneyBack, now time.Time) error {
	for _, c := range m.charges {
		err := s.exec(ctx, "write a charge", upsertChargeSQL, pg.NewID(), c.StripeID, userID, c.StripeInvoiceID, c.Status, c.AmountMinor,
			c.RefundedMinor, c.Currency, c.OccurredAt, now)
		if err != nil {
			return err
		}
	}
	for _, r := range m.refunds {
		err := s.exec(ctx, "write a refund", upsertRefundSQL, map[string]any{
			"id": pg.NewID(), "stripe": r.StripeID, "user": userID, "charge": r.StripeChargeID, "invoice": r.StripeInvoiceID, "status": r.Status,
			"amount": r.AmountMinor, "currency": r.Currency, "reason": r.Reason, "failure": r.Failure, "occurred": r.OccurredAt, "now": now,
		})
		if err != nil {
			return err
		}
	}
	for _, d := range m.disputes {
		err := s.exec(ctx, "write a dispute", upsertDisputeSQL, pg.NewID(), d.StripeID, userID, d.StripeChargeID, d.StripeInvoiceID, d.Status,
			d.Reason, d.AmountMinor, d.Currency, d.Answered, d.DueBy, d.OccurredAt, d.WithdrawnAt, d.ReinstatedAt, now)
		if err != nil {
			return err
		}
	}
	for _, n := range m.notes {
		err := s.exec(ctx, "write a credit note", upsertNoteSQL, pg.NewID(), n.StripeID, userID, n.StripeInvoiceID, n.StripeRefundID, n.Number,
			n.Kind, n.Status, n.Reason, n.AmountMinor, n.Currency, n.PDFURL, n.OccurredAt, n.VoidedAt, now)
		if err != nil {
			return err
		}
	}
	return nil
}

// disputed is a running subscription of which a payment was disputed.
type disputed struct {
	StripeID string // of the subscription
	Status   string // of the dispute
}

func (s store) disputedSubscriptions(ctx context.Context, userID uuid.UUID) ([]disputed, error) {
	const sql = `SELECT DISTINCT s.stripe_id, d.status FROM disputes d JOIN invoices i ON i.stripe_id = d.stripe_invoice_id
		JOIN subscriptions s ON s.stripe_id = i.stripe_subscription_id
		WHERE d.user_id = ? AND s.status NOT IN ('canceled', 'incomplete_expired')`
	found, err := gorm.G[disputed](s.db.Conn(ctx)).Raw(sql, userID).Find(ctx)
	return found, wrap(err, "look for disputed subscriptions")
}

// standing is what we have of a refund, dispute or credit note.
type standing struct{ StripeID, Status string }

// moneyStandings says how we have each of these.
func (s store) moneyStandings(ctx context.Context, ids []string) (map[string]string, error) {
	const sql = `SELECT stripe_id, status FROM refunds WHERE stripe_id IN ?
		UNION ALL SELECT stripe_id, status FROM disputes WHERE stripe_id IN ?
		UNION ALL SELECT stripe_id, status FROM credit_notes WHERE stripe_id IN ?`
	here := map[string]string{}
	if len(ids) == 0 {
		return here, nil
	}
	rows, err := gorm.G[standing](s.db.Conn(ctx)).Raw(sql, ids, ids, ids).Find(ctx)
	for _, r := range rows {
		here[r.StripeID] = r.Status
	}
	return here, wrap(err, "read what went back")
}

// openMoney are members of whom something is on its way back, or disputed.
func (s store) openMoney(ctx context.Context, limit int) ([]uuid.UUID, error) {
	const sql = `SELECT user_id AS id FROM refunds WHERE status IN ('pending', 'requires_action')
		UNION SELECT user_id FROM disputes WHERE status IN ('warning_needs_response', 'warning_under_review', 'needs_response', 'under_review')
		LIMIT ?`
	found, err := gorm.G[keyed](s.db.Conn(ctx)).Raw(sql, limit).Find(ctx)
	return uuids(found), wrap(err, "look for money that is on its way")
}
