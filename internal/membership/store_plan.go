package membership

import (
	"context"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

const (
	planColumns  = `id, slug, name, description, benefits, position, state, group_key, seats, version, stripe_product_id, created_at`
	priceColumns = `id, plan_id, key, "interval", interval_count, amount_minor, currency, trial_days, card_for_trial, state, stripe_price_id, created_at`
)

func (s store) publicPlans(ctx context.Context) ([]Plan, error) {
	const sql = `SELECT ` + planColumns + ` FROM plans WHERE state = 'public' ORDER BY position, slug`
	found, err := gorm.G[Plan](s.db.Conn(ctx)).Raw(sql).Find(ctx)
	return found, wrap(err, "read the plans")
}

func (s store) publicPrices(ctx context.Context) ([]Price, error) {
	const sql = `SELECT ` + priceColumns + ` FROM prices WHERE state = 'public' ORDER BY amount_minor, key`
	found, err := gorm.G[Price](s.db.Conn(ctx)).Raw(sql).Find(ctx)
	return found, wrap(err, "read the prices")
}

func (s store) planBySlug(ctx context.Context, slug string) (Plan, error) {
	found, err := pg.First[Plan](ctx, s.db, `SELECT `+planColumns+` FROM plans WHERE slug = ?`, slug)
	return found, wrap(err, "read a plan")
}

func (s store) planByID(ctx context.Context, id uuid.UUID) (Plan, error) {
	found, err := pg.First[Plan](ctx, s.db, `SELECT `+planColumns+` FROM plans WHERE id = ?`, id)
	return found, wrap(err, "read a plan")
}

func (s store) publicPrice(ctx context.Context, planID uuid.UUID, key string) (Price, error) {
	const sql = `SELECT ` + priceColumns + ` FROM prices WHERE plan_id = ? AND key = ? AND state = 'public'`
	found, err := pg.First[Price](ctx, s.db, sql, planID, key)
	return found, wrap(err, "read a price")
}

func (s store) priceByID(ctx context.Context, id uuid.UUID) (Price, error) {
	found, err := pg.First[Price](ctx, s.db, `SELECT `+priceColumns+` FROM prices WHERE id = ?`, id)
	return found, wrap(err, "read a price")
}

func (s store) currentPrices(ctx context.Context, planID uuid.UUID) ([]Price, error) {
	const sql = `SELECT ` + priceColumns + ` FROM prices WHERE plan_id = ? AND state = 'public' ORDER BY key`
	found, err := gorm.G[Price](s.db.Conn(ctx)).Raw(sql, planID).Find(ctx)
	return found, wrap(err, "read the prices of a plan")
}

func (s store) pricesByStripeID(ctx context.Context, stripeIDs []string) ([]Price, error) {
	const sql = `SELECT ` + priceColumns + ` FROM prices WHERE stripe_price_id IN ?`
	found, err := gorm.G[Price](s.db.Conn(ctx)).Raw(sql, stripeIDs).Find(ctx)
	return found, wrap(err, "read prices by their id at Stripe")
}

func (s store) upsertPlan(ctx context.Context, p Plan) error {
	const sql = `INSERT INTO plans AS p (id, slug, name, description, benefits, position, state, group_key, seats, version, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?)
		ON CONFLICT (slug) DO UPDATE SET name = excluded.name, description = excluded.description, benefits = excluded.benefits,
		position = excluded.position, state = excluded.state, seats = excluded.seats, version = p.version + 1
		WHERE (p.name, p.description, p.benefits, p.position, p.state, p.seats) IS DISTINCT FROM
		(excluded.name, excluded.description, excluded.benefits, excluded.position, excluded.state, excluded.seats)`
	return s.exec(ctx, "write a plan", sql, p.ID, p.Slug, p.Name, p.Description, p.Benefits, p.Position, p.State, p.GroupKey, p.Seats, p.CreatedAt)
}

func (s store) insertPrice(ctx context.Context, p Price) error {
	const sql = `INSERT INTO prices (id, plan_id, key, "interval", interval_count, amount_minor, currency, trial_days, card_for_trial,
		state, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	return s.exec(ctx, "insert a price", sql, p.ID, p.PlanID, p.Key, p.Interval, p.IntervalCount, p.AmountMinor, p.Currency,
		p.TrialDays, p.CardForTrial, p.State, p.CreatedAt)
}

func (s store) archivePrice(ctx context.Context, id uuid.UUID) error {
	return s.exec(ctx, "archive a price", `UPDATE prices SET state = 'archived' WHERE id = ?`, id)
}

func (s store) setTrial(ctx context.Context, id uuid.UUID, days int64, card bool) error {
	const sql = `UPDATE prices SET trial_days = ?, card_for_trial = ? WHERE id = ? AND (trial_days, card_for_trial) IS DISTINCT FROM (?, ?)`
	return s.exec(ctx, "set the trial of a price", sql, days, card, id, days, card)
}

func (s store) mapPrice(ctx context.Context, id uuid.UUID, stripeProductID, stripePriceID string) error {
	const priceSQL = `UPDATE prices SET stripe_price_id = ? WHERE id = ?`
	if err := s.exec(ctx, "map a price to Stripe", priceSQL, stripePriceID, id); err != nil {
		return err
	}
	const planSQL = `UPDATE plans SET stripe_product_id = ? WHERE id = (SELECT plan_id FROM prices WHERE id = ?)`
	return s.exec(ctx, "map a plan to Stripe", planSQL, stripeProductID, id)
}

func (s store) lockPlan(ctx context.Context, id uuid.UUID) (Plan, error) {
	found, err := pg.First[Plan](ctx, s.db, `SELECT `+planColumns+` FROM plans WHERE id = ? FOR UPDATE`, id)
	return found, wrap(err, "lock a plan")
}

func (s store) updatePlan(ctx context.Context, p Plan) error {
	const sql = `UPDATE plans SET name = ?, description = ?, benefits = ?, position = ?, state = ?, seats = ?, version = ? WHERE id = ?`
	return s.exec(ctx, "change a plan", sql, p.Name, p.Description, p.Benefits, p.Position, p.State, p.Seats, p.Version, p.ID)
}

// lockKey keeps others who name the same key waiting until the transaction ends.
func (s store) lockKey(ctx context.Context, key string) error {
	return s.exec(ctx, "take a lock", `SELECT pg_advisory_xact_lock(hashtextextended(?, 0))`, key)
}
