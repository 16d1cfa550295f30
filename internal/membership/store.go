package membership

import (
	"context"
	"fmt"
	"math/big"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// store is all SQL of the domain; plans are in store_plan.go.
type store struct{ db *pg.DB }

// lockMember keeps other changes of her membership waiting, and no reader.
func (s store) lockMember(ctx context.Context, userID uuid.UUID) error {
	const sql = `SELECT id FROM users WHERE id = ? FOR NO KEY UPDATE`
	if _, err := gorm.G[keyed](s.db.Conn(ctx)).Raw(sql, userID).First(ctx); err != nil {
		return fmt.Errorf("lock a member: %w", err)
	}
	return nil
}

type keyed struct{ ID uuid.UUID }

const subscriptionColumns = `s.id, s.user_id, s.stripe_id, s.plan_id, s.price_id, s.status, s.amount_minor, s.annual_minor, s.currency,
	s."interval", s.interval_count, s.current_period_start, s.current_period_end, s.cancel_at, s.cancel_at_period_end,
	s.collection_paused, s.canceled_at, s.ended_at, s.trial_end, s.cancellation_reason, s.pay_url, s.started_at, s.schedule_id, s.next_price_id, s.next_at,
	s.break_from, s.break_until, s.plan_group, s.held, s.updated_at`

func (s store) subscription(ctx context.Context, stripeID string) (Subscription, error) {
	const sql = `SELECT ` + subscriptionColumns + ` FROM subscriptions s WHERE s.stripe_id = ?`
	found, err := pg.First[Subscription](ctx, s.db, sql, stripeID)
	return found, wrap(err, "read a subscription")
}

func (s store) subscriptions(ctx context.Context, userID uuid.UUID) ([]Subscription, error) {
	const sql = `SELECT ` + subscriptionColumns + ` FROM subscriptions s WHERE s.user_id = ? ORDER BY s.started_at, s.id`
	found, err := gorm.G[Subscription](s.db.Conn(ctx)).Raw(sql, userID).Find(ctx)
	return found, wrap(err, "read the subscriptions of a member")
}

func (s store) subscriptionOf(ctx context.Context, userID, id uuid.UUID) (Subscription, error) {
	const sql = `SELECT ` + subscriptionColumns + ` FROM subscriptions s WHERE s.user_id = ? AND s.id = ?`
	found, err := pg.First[Subscription](ctx, s.db, sql, userID, id)
	return found, wrap(err, "read a subscription")
}

func (s store) setBreak(ctx context.Context, id uuid.UUID, from, until *time.Time) error {
	return s.exec(ctx, "note a break", `UPDATE subscriptions SET break_from = ?, break_until = ? WHERE id = ?`, from, until, id)
}

func (s store) lines(ctx context.Context, userID uuid.UUID) ([]Line, error) {
	const sql = `SELECT ` + subscriptionColumns + `, coalesce(plans.slug, '') AS plan_slug, coalesce(prices.key, '') AS price_key,
		coalesce(next_plan.slug, '') AS next_plan_slug, coalesce(next_price.key, '') AS next_price_key
		FROM subscriptions s LEFT JOIN plans ON plans.id = s.plan_id LEFT JOIN prices ON prices.id = s.price_id
		LEFT JOIN prices next_price ON next_price.id = s.next_price_id LEFT JOIN plans next_plan ON next_plan.id = next_price.plan_id
		WHERE s.user_id = ? ORDER BY s.started_at DESC, s.id DESC`
	found, err := gorm.G[Line](s.db.Conn(ctx)).Raw(sql, userID).Find(ctx)
	return found, wrap(err, "read the subscriptions of a member")
}

const upsertSubscriptionSQL = `
INSERT INTO subscriptions (id, user_id, stripe_id, plan_id, price_id, status, amount_minor, annual_minor, currency, "interval",
	interval_count, current_period_start, current_period_end, cancel_at, cancel_at_period_end, collection_paused, canceled_at,
	ended_at, trial_end, cancellation_reason, pay_url, started_at, schedule_id, next_price_id, next_at, updated_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (stripe_id) DO UPDATE SET plan_id = excluded.plan_id, price_id = excluded.price_id, status = excluded.status,
	amount_minor = excluded.amount_minor, annual_minor = excluded.annual_minor, currency = excluded.currency,
	"interval" = excluded."interval", interval_count = excluded.interval_count, current_period_start = excluded.current_period_start,
	current_period_end = excluded.current_period_end, cancel_at = excluded.cancel_at,
	cancel_at_period_end = excluded.cancel_at_period_end, collection_paused = excluded.collection_paused,
	canceled_at = excluded.canceled_at, ended_at = excluded.ended_at, trial_end = excluded.trial_end,
	cancellation_reason = excluded.cancellation_reason, pay_url = excluded.pay_url, started_at = excluded.started_at,
	schedule_id = excluded.schedule_id, next_price_id = excluded.next_price_id, next_at = excluded.next_at, updated_at = excluded.updated_at`

func (s store) upsertSubscription(ctx context.Context, u Subscription) error {
	return s.exec(ctx, "write a subscription", upsertSubscriptionSQL, u.ID, u.UserID, u.StripeID, u.PlanID, u.PriceID, u.Status,
		u.AmountMinor, u.AnnualMinor, u.Currency, u.Interval, u.IntervalCount, u.CurrentPeriodStart, u.CurrentPeriodEnd, u.CancelAt,
		u.CancelAtPeriodEnd, u.CollectionPaused, u.CanceledAt, u.EndedAt, u.TrialEnd, u.CancellationReason, u.PayURL, u.StartedAt,
		u.ScheduleID, u.NextPriceID, u.NextAt, u.UpdatedAt)
}

const unsettledSQL = `
SELECT DISTINCT user_id AS id FROM subscriptions
WHERE user_id > @after AND (status IN ('past_due', 'unpaid', 'incomplete')
	OR (status NOT IN ('canceled', 'incomplete_expired') AND (cancel_at <= @now OR current_period_end <= @now)))
ORDER BY user_id LIMIT @limit`

func (s store) unsettled(ctx context.Context, now time.Time, after uuid.UUID, limit int) ([]uuid.UUID, error) {
	found, err := gorm.G[keyed](s.db.Conn(ctx)).Raw(unsettledSQL, map[string]any{"now": now, "after": after, "limit": limit}).Find(ctx)
	return ids(found), wrap(err, "look for unsettled subscriptions")
}

// sums gives what the ledger says of one subscription, and when it last spoke.
func (s store) sums(ctx context.Context, subscriptionID uuid.UUID) (map[account]*big.Rat, *time.Time, error) {
	const sql = `SELECT series, currency, plan_id, sum(annual_delta)::text AS sum, max(effective_at) AS last
		FROM membership_ledger WHERE subscription_id = ? GROUP BY series, currency, plan_id`
	type row struct {
		Series   Series
		Currency string
		PlanID   *uuid.UUID
		Sum      string
		Last     time.Time
	}
	rows, err := gorm.G[row](s.db.Conn(ctx)).Raw(sql, subscriptionID).Find(ctx)
	if err != nil {
		return nil, nil, wrap(err, "read the sums of the ledger")
	}
	recorded := map[account]*big.Rat{}
	var last *time.Time
	for _, r := range rows {
		at := account{Series: r.Series, Currency: r.Currency}
		if r.PlanID != nil {
			at.PlanID = *r.PlanID
		}
		sum, ok := new(big.Rat).SetString(r.Sum)
		if !ok {
			return nil, nil, fmt.Errorf("read the sums of the ledger: %q is not a number", r.Sum)
		}
		recorded[at] = sum
		if last == nil || r.Last.After(*last) {
			last = &r.Last
		}
	}
	return recorded, last, nil
}

func (s store) insertEntry(ctx context.Context, e entry) error {
	const sql = `INSERT INTO membership_ledger (user_id, subscription_id, plan_id, series, currency, annual_delta, effective_at,
		recorded_at, source, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	return s.exec(ctx, "append to the ledger", sql, e.UserID, e.SubscriptionID, e.PlanID, e.Series, e.Currency, e.AnnualDelta,
		e.EffectiveAt, e.RecordedAt, e.Source, e.Reason)
}

func (s store) access(ctx context.Context, userID uuid.UUID) (memberAccess, error) {
	const sql = `SELECT user_id, level, reason, until, notice, pay_url, updated_at FROM member_access WHERE user_id = ?`
	found, err := pg.First[memberAccess](ctx, s.db, sql, userID)
	return found, wrap(err, "read a member's access")
}

func (s store) upsertAccess(ctx context.Context, a memberAccess) error {
	const sql = `INSERT INTO member_access (user_id, level, reason, until, notice, pay_url, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (user_id) DO UPDATE SET level = excluded.level, reason = excluded.reason, until = excluded.until,
		notice = excluded.notice, pay_url = excluded.pay_url, updated_at = excluded.updated_at`
	return s.exec(ctx, "keep a member's access", sql, a.UserID, a.Level, a.Reason, a.Until, a.Notice, a.PayURL, a.UpdatedAt)
}

func (s store) expiring(ctx context.Context, by time.Time, limit int) ([]uuid.UUID, error) {
	const sql = `SELECT user_id AS id FROM member_access WHERE until <= ? ORDER BY until LIMIT ?`
	found, err := gorm.G[keyed](s.db.Conn(ctx)).Raw(sql, by, limit).Find(ctx)
	return ids(found), wrap(err, "look for access whose time passes")
}

// holdings reads everything AccessAt asks for.
func (s store) holdings(ctx context.Context, userID uuid.UUID) (holdings, error) {
	var h holdings
	var err error
	if h.subs, err = s.subscriptions(ctx, userID); err != nil {
		return h, err
	}
	const grantsSQL = `SELECT ` + grantColumns + ` FROM grants WHERE user_id = ? AND revoked_at IS NULL`
	if h.grants, err = gorm.G[Grant](s.db.Conn(ctx)).Raw(grantsSQL, userID).Find(ctx); err != nil {
		return h, wrap(err, "read the grants of a member")
	}
	const bansSQL = `SELECT id, user_id, reason, told, banned_by, starts_at, ends_at, lifted_at, created_at
		FROM bans WHERE user_id = ? AND lifted_at IS NULL`
	h.bans, err = gorm.G[Ban](s.db.Conn(ctx)).Raw(bansSQL, userID).Find(ctx)
	return h, wrap(err, "read the bans of a member")
}

func (s store) insertBan(ctx context.Context, b Ban) error {
	const sql = `INSERT INTO bans (id, user_id, reason, told, banned_by, starts_at, ends_at, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`
	return s.exec(ctx, "insert a ban", sql, b.ID, b.UserID, b.Reason, b.Told, b.BannedBy, b.StartsAt, b.EndsAt, b.CreatedAt)
}

func (s store) liftBan(ctx context.Context, id uuid.UUID, now time.Time) error {
	return s.exec(ctx, "lift a ban", `UPDATE bans SET lifted_at = ? WHERE id = ? AND lifted_at IS NULL`, now, id)
}

// openBans are those that are not lifted and not over, the latest first.
func (s store) openBans(ctx context.Context, userID uuid.UUID, now time.Time) ([]Ban, error) {
	const sql = `SELECT id, user_id, reason, told, banned_by, starts_at, ends_at, lifted_at, created_at
		FROM bans WHERE user_id = ? AND lifted_at IS NULL AND (ends_at IS NULL OR ends_at > ?) ORDER BY created_at DESC, id DESC`
	found, err := gorm.G[Ban](s.db.Conn(ctx)).Raw(sql, userID, now).Find(ctx)
	return found, wrap(err, "read the bans of a member")
}

func (s store) banOwner(ctx context.Context, id uuid.UUID) (uuid.UUID, error) {
	found, err := pg.First[keyed](ctx, s.db, `SELECT user_id AS id FROM bans WHERE id = ?`, id)
	return found.ID, wrap(err, "read a ban")
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

func ids(rows []keyed) []uuid.UUID {
	all := make([]uuid.UUID, len(rows))
	for i, r := range rows {
		all[i] = r.ID
	}
	return all
}
