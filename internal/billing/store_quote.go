package billing

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/womens-tech-conservatory/conservatory/internal/membership"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// The states of a quote. One that was asked of Stripe may have been carried
// out there.
const (
	quoteOpen  = "open"
	quoteAsked = "asked"
	quoteDone  = "done"
	quoteVoid  = "void"
)

// quote is the record of one.
type quote struct {
	ID             uuid.UUID
	UserID         uuid.UUID
	SubscriptionID uuid.UUID
	PriceID        uuid.UUID
	Effect         Effect
	ItemID         string
	Quantity       int64
	Basis          string
	DueMinor       int64
	TaxMinor       int64
	Currency       string
	Lines          string
	NextMinor      int64
	NextAt         time.Time
	EffectiveAt    time.Time
	State          string
	ChargedMinor   *int64
	CreatedAt      time.Time
	ExpiresAt      time.Time
	AskedAt        *time.Time
	AskedBy        *uuid.UUID // nil: the member herself
	AskReason      string     // why somebody else did
	SettledAt      *time.Time
}

func (q quote) quote(sale membership.Sale) (Quote, error) {
	out := Quote{
		ID: q.ID, Plan: sale.Plan.Slug, Price: sale.Price.Key, Effect: q.Effect, EffectiveAt: q.EffectiveAt, DueMinor: q.DueMinor,
		TaxMinor: q.TaxMinor, Currency: q.Currency, NextMinor: q.NextMinor, NextAt: q.NextAt, ExpiresAt: q.ExpiresAt,
	}
	if err := json.Unmarshal([]byte(q.Lines), &out.Lines); err != nil {
		return Quote{}, fmt.Errorf("read the lines of a quote: %w", err)
	}
	return out, nil
}

func (s store) insertQuote(ctx context.Context, q quote) error {
	const sql = `INSERT INTO quotes (id, user_id, subscription_id, price_id, effect, item_id, quantity, basis, due_minor, tax_minor, currency,
		lines, next_minor, next_at, effective_at, state, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	return s.exec(ctx, "insert a quote", sql, q.ID, q.UserID, q.SubscriptionID, q.PriceID, q.Effect, q.ItemID, q.Quantity, q.Basis, q.DueMinor,
		q.TaxMinor, q.Currency, q.Lines, q.NextMinor, q.NextAt, q.EffectiveAt, q.State, q.CreatedAt, q.ExpiresAt)
}

const quoteColumns = `id, user_id, subscription_id, price_id, effect, item_id, quantity, basis, due_minor, tax_minor, currency, lines,
	next_minor, next_at, effective_at, state, charged_minor, created_at, expires_at, asked_at, asked_by, ask_reason, settled_at`

// quoteOf finds a quote of a member; another's is not there.
func (s store) quoteOf(ctx context.Context, userID, id uuid.UUID) (quote, error) {
	const sql = `SELECT ` + quoteColumns + ` FROM quotes WHERE id = ? AND user_id = ?`
	found, err := pg.First[quote](ctx, s.db, sql, id, userID)
	return found, wrap(err, "read a quote")
}

func (s store) askQuote(ctx context.Context, q quote, now time.Time) error {
	const sql = `UPDATE quotes SET state = 'asked', asked_at = ?, asked_by = ?, ask_reason = ? WHERE id = ? AND state = 'open'`
	return s.exec(ctx, "note that a quote is used", sql, now, q.AskedBy, q.AskReason, q.ID)
}

// settleQuote ends a quote; one that is done stays done.
func (s store) settleQuote(ctx context.Context, id uuid.UUID, state string, charged *int64, now time.Time) error {
	const sql = `UPDATE quotes SET state = ?, charged_minor = ?, settled_at = ? WHERE id = ? AND state IN ('open', 'asked')`
	return s.exec(ctx, "settle a quote", sql, state, charged, now, id)
}

// askedQuotes were used a while ago, and nobody has heard what came of it.
func (s store) askedQuotes(ctx context.Context, before time.Time, limit int) ([]quote, error) {
	const sql = `SELECT ` + quoteColumns + ` FROM quotes WHERE state = 'asked' AND asked_at < ? ORDER BY asked_at LIMIT ?`
	found, err := gorm.G[quote](s.db.Conn(ctx)).Raw(sql, before, limit).Find(ctx)
	return found, wrap(err, "look for quotes without an answer")
}
