package billing

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// The states of a checkout.
const (
	checkoutCreating = "creating"
	checkoutOpen     = "open"
	checkoutComplete = "complete"
	checkoutExpired  = "expired"
)

// checkout is the record of an intention to pay.
type checkout struct {
	ID              uuid.UUID
	UserID          uuid.UUID
	PriceID         uuid.UUID
	OfferID         *uuid.UUID
	State           string
	StripeSessionID *string
	// StripeSubscriptionID is what came of it, when something came.
	StripeSubscriptionID *string
	URL                  string
	ExpiresAt            *time.Time
	LookedAt             *time.Time // when she last asked how it stands
	CreatedAt            time.Time
	UpdatedAt            time.Time
}

const checkoutColumns = `id, user_id, price_id, offer_id, state, stripe_session_id, stripe_subscription_id, url, expires_at,
	looked_at, created_at, updated_at`

func (s store) openCheckout(ctx context.Context, userID uuid.UUID) (checkout, error) {
	const sql = `SELECT ` + checkoutColumns + ` FROM checkouts WHERE user_id = ? AND state IN ('creating', 'open')`
	found, err := pg.First[checkout](ctx, s.db, sql, userID)
	return found, wrap(err, "read an open checkout")
}

func (s store) insertCheckout(ctx context.Context, c checkout) error {
	const sql = `INSERT INTO checkouts (id, user_id, price_id, offer_id, state, url, expires_at, created_at, updated_at)
		VALUES (?, ?, ?, ?, 'creating', '', ?, ?, ?)`
	return s.exec(ctx, "insert a checkout", sql, c.ID, c.UserID, c.PriceID, c.OfferID, c.ExpiresAt, c.CreatedAt, c.CreatedAt)
}

func (s store) checkoutOpened(ctx context.Context, id uuid.UUID, made session, now time.Time) error {
	const sql = `UPDATE checkouts SET state = 'open', stripe_session_id = ?, url = ?, expires_at = ?, updated_at = ?
		WHERE id = ? AND state = 'creating'`
	return s.exec(ctx, "open a checkout", sql, made.ID, made.URL, made.ExpiresAt, now, id)
}

// settleCheckout ends a checkout, found by its session or by its own id when
// the session was never written down. One that is complete stays complete.
func (s store) settleCheckout(ctx context.Context, found session, id uuid.UUID, now time.Time) error {
	const sql = `UPDATE checkouts SET state = ?, stripe_session_id = ?, stripe_subscription_id = nullif(?, ''), updated_at = ?
		WHERE (stripe_session_id = ? OR (stripe_session_id IS NULL AND id = ?)) AND state <> 'complete' AND state <> ?`
	return s.exec(ctx, "settle a checkout", sql, found.Status, found.ID, found.Subscription, now, found.ID, id, found.Status)
}

// agree keeps to which terms a member agreed with a checkout, once for each
// version.
func (s store) agree(ctx context.Context, userID, id uuid.UUID, version string, now time.Time) error {
	const sql = `INSERT INTO terms_consents (id, user_id, checkout_id, version, agreed_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`
	return s.exec(ctx, "keep a consent", sql, pg.NewID(), userID, id, version, now)
}

func (s store) expireCheckout(ctx context.Context, id uuid.UUID, now time.Time) error {
	const sql = `UPDATE checkouts SET state = 'expired', updated_at = ? WHERE id = ? AND state IN ('creating', 'open')`
	return s.exec(ctx, "expire a checkout", sql, now, id)
}

func (s store) knowsCheckout(ctx context.Context, id, userID uuid.UUID) (bool, error) {
	found, err := gorm.G[keyed](s.db.Conn(ctx)).Raw(`SELECT id FROM checkouts WHERE id = ? AND user_id = ?`, id, userID).Find(ctx)
	return len(found) > 0, wrap(err, "look for a checkout")
}

// staleCheckouts have been open for a while.
func (s store) staleCheckouts(ctx context.Context, before time.Time, limit int) ([]checkout, error) {
	const sql = `SELECT ` + checkoutColumns + ` FROM checkouts WHERE state IN ('creating', 'open') AND created_at < ? ORDER BY created_at LIMIT ?`
	found, err := gorm.G[checkout](s.db.Conn(ctx)).Raw(sql, before, limit).Find(ctx)
	return found, wrap(err, "look for open checkouts")
}
