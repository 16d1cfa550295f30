package billing

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

const offerColumns = `o.id, o.slug, o.plan_id, o.price_key, o.percent_off, o.amount_off_minor, o.currency, o.duration, o.months,
	o.max_redemptions, o.stripe_coupon_id, o.created_at, o.ends_at, o.closed_at`

const offeredSQL = `SELECT ` + offerColumns + `, p.slug AS plan,
	(SELECT count(*) FROM checkouts c WHERE c.offer_id = o.id AND c.state <> 'expired') AS taken
	FROM offers o JOIN plans p ON p.id = o.plan_id`

// insertOffer is false when an offer has the slug.
func (s store) insertOffer(ctx context.Context, o Offer) (bool, error) {
	const sql = `INSERT INTO offers (id, slug, plan_id, price_key, percent_off, amount_off_minor, currency, duration, months,
		max_redemptions, created_at, ends_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (slug) DO NOTHING RETURNING id`
	found, err := gorm.G[keyed](s.db.Conn(ctx)).Raw(sql, o.ID, o.Slug, o.PlanID, o.PriceKey, o.PercentOff, o.AmountOffMinor, o.Currency,
		o.Duration, o.Months, o.MaxRedemptions, o.CreatedAt, o.EndsAt).Find(ctx)
	return len(found) > 0, wrap(err, "insert an offer")
}

func (s store) offer(ctx context.Context, id uuid.UUID) (Offer, error) {
	found, err := pg.First[Offer](ctx, s.db, `SELECT `+offerColumns+` FROM offers o WHERE o.id = ?`, id)
	return found, wrap(err, "read an offer")
}

func (s store) lockOffer(ctx context.Context, id uuid.UUID) (Offer, error) {
	found, err := pg.First[Offer](ctx, s.db, `SELECT `+offerColumns+` FROM offers o WHERE o.id = ? FOR UPDATE`, id)
	return found, wrap(err, "lock an offer")
}

func (s store) offerBySlug(ctx context.Context, slug string) (Offered, bool, error) {
	return pg.One[Offered](ctx, s.db, "read an offer", offeredSQL+` WHERE o.slug = ?`, slug)
}

func (s store) offers(ctx context.Context, limit int) ([]Offered, error) {
	found, err := gorm.G[Offered](s.db.Conn(ctx)).Raw(offeredSQL+` ORDER BY o.created_at DESC, o.id DESC LIMIT ?`, limit).Find(ctx)
	return found, wrap(err, "list the offers")
}

func (s store) closeOffer(ctx context.Context, id uuid.UUID, now time.Time) error {
	return s.exec(ctx, "close an offer", `UPDATE offers SET closed_at = ? WHERE id = ? AND closed_at IS NULL`, now, id)
}

func (s store) mapOffer(ctx context.Context, id uuid.UUID, coupon string) error {
	return s.exec(ctx, "map an offer to Stripe", `UPDATE offers SET stripe_coupon_id = ? WHERE id = ?`, coupon, id)
}

// redemptions counts who took up an offer or is about to, and her among them.
func (s store) redemptions(ctx context.Context, id, userID uuid.UUID) (taken, hers int64, err error) {
	const sql = `SELECT count(*) AS taken, count(*) FILTER (WHERE user_id = ?) AS hers FROM checkouts WHERE offer_id = ? AND state <> 'expired'`
	found, err := pg.First[struct{ Taken, Hers int64 }](ctx, s.db, sql, userID, id)
	return found.Taken, found.Hers, wrap(err, "count who took up an offer")
}

// askDiscount writes down what Stripe is going to be asked, or finds what was
// asked and not answered.
func (s store) askDiscount(ctx context.Context, userID, subscriptionID, offerID, by uuid.UUID, now time.Time) (uuid.UUID, error) {
	const sql = `INSERT INTO discounts (id, user_id, subscription_id, offer_id, given_by, asked_at)
		VALUES (?, ?, ?, ?, nullif(?::uuid, '00000000-0000-0000-0000-000000000000'), ?)
		ON CONFLICT (subscription_id, offer_id) WHERE given_at IS NULL DO UPDATE SET asked_at = discounts.asked_at RETURNING id`
	found, err := pg.First[keyed](ctx, s.db, sql, pg.NewID(), userID, subscriptionID, offerID, by, now)
	return found.ID, wrap(err, "write down a discount")
}

// discountGiven is true for the one who finishes it.
func (s store) discountGiven(ctx context.Context, id uuid.UUID, now time.Time) (bool, error) {
	const sql = `UPDATE discounts SET given_at = ? WHERE id = ? AND given_at IS NULL RETURNING id`
	found, err := gorm.G[keyed](s.db.Conn(ctx)).Raw(sql, now, id).Find(ctx)
	return len(found) > 0, wrap(err, "keep a discount")
}

func (s store) forgetDiscount(ctx context.Context, id uuid.UUID) error {
	return s.exec(ctx, "forget a discount", `DELETE FROM discounts WHERE id = ? AND given_at IS NULL`, id)
}
