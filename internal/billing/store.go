package billing

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// store is all SQL of the domain.
type store struct{ db *pg.DB }

// The states of a stored event.
const (
	stateReceived = "received"
	stateApplied  = "applied"
	stateIgnored  = "ignored"
	stateDead     = "dead"
)

// stripeEvent is a stored event.
type stripeEvent struct {
	ID         string
	Type       string
	APIVersion string
	Livemode   bool
	CustomerID string
	Payload    string
	State      string
	Attempts   int64
	LastError  string
	CreatedAt  time.Time
	ReceivedAt time.Time
	SettledAt  *time.Time
}

// invoice is a bill as Stripe has it.
type invoice struct {
	ID                   uuid.UUID
	StripeID             string
	UserID               uuid.UUID
	StripeSubscriptionID string
	Status               string
	BillingReason        string
	AmountDueMinor       int64
	AmountPaidMinor      int64
	Currency             string
	Attempts             int64
	HostedURL            string
	Number               string
	PDFURL               string `gorm:"column:pdf_url"`
	NextAttemptAt        *time.Time
	NeedsAction          bool // of hers: her bank wants to hear from her
	CreatedAt            time.Time
	PaidAt               *time.Time
	UpdatedAt            time.Time
}

type texted struct{ Text string }

type keyed struct{ ID uuid.UUID }

// keepEvent inserts an event that is new and answers the state of the one
// that is there.
func (s store) keepEvent(ctx context.Context, e stripeEvent) (string, error) {
	const insertSQL = `INSERT INTO stripe_events (id, type, api_version, livemode, customer_id, payload, state, attempts, last_error,
		created_at, received_at, settled_at) VALUES (?, ?, ?, ?, ?, ?, ?, 0, '', ?, ?, ?) ON CONFLICT (id) DO NOTHING`
	err := s.exec(ctx, "store an event", insertSQL, e.ID, e.Type, e.APIVersion, e.Livemode, e.CustomerID, e.Payload, e.State,
		e.CreatedAt, e.ReceivedAt, e.SettledAt)
	if err != nil {
		return "", err
	}
	found, err := pg.First[texted](ctx, s.db, `SELECT state AS text FROM stripe_events WHERE id = ?`, e.ID)
	return found.Text, wrap(err, "read the state of an event")
}

func (s store) event(ctx context.Context, id string) (stripeEvent, error) {
	const sql = `SELECT id, type, api_version, livemode, customer_id, payload, state, attempts, last_error, created_at, received_at,
		settled_at FROM stripe_events WHERE id = ?`
	found, err := pg.First[stripeEvent](ctx, s.db, sql, id)
	return found, wrap(err, "read an event")
}

func (s store) settleEvent(ctx context.Context, id, state string, now time.Time) error {
	const sql = `UPDATE stripe_events SET state = ?, settled_at = ?, last_error = '', attempts = attempts + 1
		WHERE id = ? AND state = 'received'`
	return s.exec(ctx, "settle an event", sql, state, now, id)
}

func (s store) parkEvent(ctx context.Context, id, state, cause string, now time.Time) error {
	const sql = `UPDATE stripe_events SET state = ?, attempts = attempts + 1, last_error = left(?, 500),
		settled_at = CASE WHEN ? = 'dead' THEN ?::timestamptz END WHERE id = ? AND state = 'received'`
	return s.exec(ctx, "park an event", sql, state, cause, state, now, id)
}

// lostEvents were received a while ago and are still waiting.
func (s store) lostEvents(ctx context.Context, before time.Time, limit int) ([]string, error) {
	const sql = `SELECT id AS text FROM stripe_events WHERE state = 'received' AND received_at < ? ORDER BY received_at LIMIT ?`
	found, err := gorm.G[texted](s.db.Conn(ctx)).Raw(sql, before, limit).Find(ctx)
	return texts(found), wrap(err, "look for events that wait")
}

func (s store) customerOf(ctx context.Context, userID uuid.UUID) (string, error) {
	found, err := pg.First[texted](ctx, s.db, `SELECT stripe_id AS text FROM stripe_customers WHERE user_id = ? AND former_at IS NULL`, userID)
	return found.Text, wrap(err, "read the customer of a member")
}

func (s store) userOf(ctx context.Context, customer string) (uuid.UUID, error) {
	found, err := pg.First[keyed](ctx, s.db, `SELECT user_id AS id FROM stripe_customers WHERE stripe_id = ?`, customer)
	return found.ID, wrap(err, "read the member of a customer")
}

// bind gives a member a customer unless she has one, and answers the one she
// has.
func (s store) bind(ctx context.Context, userID uuid.UUID, customer string, now time.Time) (string, error) {
	const sql = `INSERT INTO stripe_customers (user_id, stripe_id, created_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`
	if err := s.exec(ctx, "bind a customer", sql, userID, customer, now); err != nil {
		return "", err
	}
	return s.customerOf(ctx, userID)
}

// rebind replaces a customer that is gone.
func (s store) rebind(ctx context.Context, userID uuid.UUID, gone, customer string) error {
	const sql = `UPDATE stripe_customers SET stripe_id = ? WHERE user_id = ? AND stripe_id = ? AND former_at IS NULL`
	return s.exec(ctx, "replace a customer", sql, customer, userID, gone)
}

// erased reports whether a customer is bound to somebody who has left us.
func (s store) erased(ctx context.Context, customer string) (bool, error) {
	const sql = `SELECT c.user_id AS id FROM stripe_customers c JOIN users u ON u.id = c.user_id WHERE c.stripe_id = ? AND u.state = 'deleted'`
	found, err := gorm.G[keyed](s.db.Conn(ctx)).Raw(sql, customer).Find(ctx)
	return len(found) > 0, wrap(err, "look whose customer it is")
}

func (s store) email(ctx context.Context, userID uuid.UUID) (string, error) {
	found, err := pg.First[texted](ctx, s.db, `SELECT email AS text FROM users WHERE id = ?`, userID)
	return found.Text, wrap(err, "read the address of a member")
}

const upsertInvoiceSQL = `
INSERT INTO invoices AS i (id, stripe_id, user_id, stripe_subscription_id, status, billing_reason, amount_due_minor,
	amount_paid_minor, currency, attempts, hosted_url, number, pdf_url, next_attempt_at, needs_action, created_at, paid_at, updated_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (stripe_id) DO UPDATE SET status = excluded.status, amount_due_minor = excluded.amount_due_minor,
	amount_paid_minor = excluded.amount_paid_minor, attempts = excluded.attempts, hosted_url = excluded.hosted_url,
	number = excluded.number, pdf_url = excluded.pdf_url, next_attempt_at = excluded.next_attempt_at,
	needs_action = excluded.needs_action, paid_at = excluded.paid_at, updated_at = excluded.updated_at
WHERE i.user_id = excluded.user_id
	AND (i.status, i.amount_due_minor, i.amount_paid_minor, i.attempts, i.hosted_url, i.number, i.pdf_url, i.next_attempt_at,
		i.needs_action, i.paid_at)
	IS DISTINCT FROM (excluded.status, excluded.amount_due_minor, excluded.amount_paid_minor, excluded.attempts, excluded.hosted_url,
		excluded.number, excluded.pdf_url, excluded.next_attempt_at, excluded.needs_action, excluded.paid_at)`

func (s store) upsertInvoice(ctx context.Context, v invoice) error {
	return s.exec(ctx, "write an invoice", upsertInvoiceSQL, pg.NewID(), v.StripeID, v.UserID, v.StripeSubscriptionID, v.Status,
		v.BillingReason, v.AmountDueMinor, v.AmountPaidMinor, v.Currency, v.Attempts, v.HostedURL, v.Number, v.PDFURL, v.NextAttemptAt, v.NeedsAction, v.CreatedAt, v.PaidAt, v.UpdatedAt)
}

// liveRow is a subscription that we believe to be running.
type liveRow struct {
	StripeID string
	UserID   uuid.UUID
}

func (s store) live(ctx context.Context, after string, limit int) ([]liveRow, error) {
	const sql = `SELECT stripe_id, user_id FROM subscriptions
		WHERE status NOT IN ('canceled', 'incomplete_expired') AND stripe_id > ? ORDER BY stripe_id LIMIT ?`
	found, err := gorm.G[liveRow](s.db.Conn(ctx)).Raw(sql, after, limit).Find(ctx)
	return found, wrap(err, "read the live subscriptions")
}

func (s store) exec(ctx context.Context, doing, sql string, args ...any) error {
	return wrap(gorm.G[keyed](s.db.Conn(ctx)).Exec(ctx, sql, args...), doing)
}

func wrap(err error, doing string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, err)
}

func texts(rows []texted) []string {
	all := make([]string, len(rows))
	for i, r := range rows {
		all[i] = r.Text
	}
	return all
}
