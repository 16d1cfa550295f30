package billing

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// says reports whether two invoices say the same of what is due and paid.
func (v invoice) says(o invoice) bool {
	return v.Status == o.Status && v.AmountDueMinor == o.AmountDueMinor && v.AmountPaidMinor == o.AmountPaidMinor && v.Attempts == o.Attempts
}

// recorded is what is here of some bills, by Stripe's ids.
type recorded struct {
	invoices      map[string]invoice
	subscriptions map[string]bool
}

// comparedUntil is when the last whole comparison began; the zero time of Unix
// when there was none.
func (s store) comparedUntil(ctx context.Context) (time.Time, error) {
	const sql = `SELECT coalesce(max(started_at), 'epoch') AS at FROM billing_proofs WHERE state = 'done'`
	row, _, err := pg.One[struct{ At time.Time }](ctx, s.db, "look when all was compared", sql)
	return row.At, err
}

// owes is a customer with a bill that has been open for long.
type owes struct {
	UserID   uuid.UUID
	StripeID string
}

func (s store) owing(ctx context.Context, before time.Time) ([]owes, error) {
	const sql = `SELECT DISTINCT c.user_id, c.stripe_id FROM invoices i JOIN stripe_customers c ON c.user_id = i.user_id
		WHERE i.status IN ('draft', 'open') AND i.created_at < ?`
	return pg.Many[owes](ctx, s.db, "look who owes for long", sql, before)
}

func (s store) invoicesOf(ctx context.Context, bills []remoteInvoice) (recorded, error) {
	found := recorded{map[string]invoice{}, map[string]bool{}}
	var ids, subs []string
	for _, b := range bills {
		ids, subs = append(ids, b.StripeID), append(subs, b.StripeSubscriptionID)
	}
	if len(bills) == 0 {
		return found, nil
	}
	rows, err := pg.Many[invoice](ctx, s.db, "read invoices", `SELECT * FROM invoices WHERE stripe_id IN ?`, ids)
	if err != nil {
		return found, err
	}
	for _, v := range rows {
		found.invoices[v.StripeID] = v
	}
	own, err := pg.Many[texted](ctx, s.db, "look whose invoices they are", `SELECT stripe_id AS text FROM subscriptions WHERE stripe_id IN ?`, subs)
	for _, t := range own {
		found.subscriptions[t.Text] = true
	}
	return found, err
}
