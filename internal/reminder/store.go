package reminder

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// store is all SQL of the domain.
type store struct{ db *pg.DB }

// The states of a letter.
const (
	promised      = "promised"
	sent          = "sent"
	needless      = "needless"
	undeliverable = "undeliverable"
)

// letter is one with the person it goes to.
type letter struct {
	ID      uuid.UUID
	UserID  uuid.UUID
	Kind    billing.CauseKind
	Subject string
	Period  string
	State   string

	Email, Name, TimeZone string
	Reads                 bool // her account is open, and she has not refused this kind
}

type keyed struct{ ID uuid.UUID }

type counted struct{ N int64 }

func (s store) promise(ctx context.Context, userID uuid.UUID, c billing.Cause, now time.Time) (id uuid.UUID, fresh bool, err error) {
	const sql = `INSERT INTO reminders (id, user_id, kind, subject, period, state, promised_at) VALUES (?, ?, ?, ?, ?, 'promised', ?)
		ON CONFLICT DO NOTHING RETURNING id`
	row, fresh, err := pg.One[keyed](ctx, s.db, "promise a letter", sql, pg.NewID(), userID, c.Kind, c.Subject, c.Period, now)
	return row.ID, fresh, err
}

// pressedSince reports whether a failed payment was told of.
func (s store) pressedSince(ctx context.Context, userID uuid.UUID, since time.Time) (bool, error) {
	const sql = `SELECT count(*) AS n FROM reminders WHERE user_id = ? AND kind IN ('payment_failed', 'action_required')
		AND state IN ('promised', 'sent') AND promised_at > ?`
	row, _, err := pg.One[counted](ctx, s.db, "look for letters of today", sql, userID, since)
	return row.N > 0, err
}

func (s store) letter(ctx context.Context, id uuid.UUID) (letter, error) {
	const sql = `SELECT l.id, l.user_id, l.kind, l.subject, l.period, l.state, u.email, u.display_name AS name, u.time_zone,
		u.state = 'active' AND NOT EXISTS (SELECT 1 FROM reminder_refusals r WHERE r.user_id = l.user_id AND r.kind = l.kind) AS reads
		FROM reminders l JOIN users u ON u.id = l.user_id WHERE l.id = ?`
	return pg.First[letter](ctx, s.db, sql, id)
}

func (s store) settle(ctx context.Context, id uuid.UUID, state string, now time.Time) error {
	const sql = `UPDATE reminders SET state = ?, settled_at = ? WHERE id = ? AND state = 'promised'`
	return pg.Exec(ctx, s.db, "settle a letter", sql, state, now, id)
}

func (s store) refuse(ctx context.Context, userID uuid.UUID, kind billing.CauseKind, now time.Time) error {
	const sql = `INSERT INTO reminder_refusals (user_id, kind, refused_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`
	return pg.Exec(ctx, s.db, "refuse letters of a kind", sql, userID, kind, now)
}

func (s store) log(ctx context.Context, userID uuid.UUID, limit int) ([]Letter, error) {
	const sql = `SELECT id, kind, state, promised_at, settled_at FROM reminders WHERE user_id = ? ORDER BY promised_at DESC, id DESC LIMIT ?`
	return pg.Many[Letter](ctx, s.db, "list letters", sql, userID, limit)
}

func (s store) knows(ctx context.Context, userID uuid.UUID) (bool, error) {
	_, ok, err := pg.One[keyed](ctx, s.db, "look for a member", `SELECT id FROM users WHERE id = ?`, userID)
	return ok, err
}

// subscription is what a letter asks about one.
type subscription struct {
	Status             string
	Interval           string
	IntervalCount      int64
	CurrentPeriodEnd   *time.Time
	TrialEnd           *time.Time
	EndsAt             *time.Time
	CollectionPaused   bool
	CancellationReason string
	Another            bool // runs beside it
}

func (s store) subscription(ctx context.Context, stripeID string) (subscription, error) {
	const sql = `SELECT s.status, s."interval", s.interval_count, s.current_period_end, s.trial_end, s.collection_paused, s.cancellation_reason,
		coalesce(s.ended_at, CASE WHEN s.status = 'canceled' THEN s.canceled_at END, s.cancel_at,
			CASE WHEN s.cancel_at_period_end THEN s.current_period_end END) AS ends_at,
		EXISTS (SELECT 1 FROM subscriptions o WHERE o.user_id = s.user_id AND o.id <> s.id AND o.status IN ('trialing', 'active', 'past_due')) AS another
		FROM subscriptions s WHERE s.stripe_id = ?`
	return pg.First[subscription](ctx, s.db, sql, stripeID)
}

// invoice is what a letter asks about one.
type invoice struct {
	Status        string
	DueMinor      int64
	Currency      string
	HostedURL     string
	NextAttemptAt *time.Time
	NeedsAction   bool
	Runs          bool // its subscription has not ended
}

func (s store) invoice(ctx context.Context, stripeID string) (invoice, error) {
	const sql = `SELECT i.status, i.amount_due_minor AS due_minor, i.currency, i.hosted_url, i.next_attempt_at, i.needs_action,
		coalesce(s.status IN ('past_due', 'unpaid'), false) AS runs
		FROM invoices i LEFT JOIN subscriptions s ON s.stripe_id = i.stripe_subscription_id WHERE i.stripe_id = ?`
	return pg.First[invoice](ctx, s.db, sql, stripeID)
}

// dispute is what a letter asks about one.
type dispute struct {
	Waits       bool
	AmountMinor int64
	Currency    string
	DueBy       *time.Time
}

func (s store) dispute(ctx context.Context, stripeID string) (dispute, error) {
	const sql = `SELECT status IN ('needs_response', 'warning_needs_response') AND NOT answered AS waits, amount_minor, currency, due_by
		FROM disputes WHERE stripe_id = ?`
	return pg.First[dispute](ctx, s.db, sql, stripeID)
}
