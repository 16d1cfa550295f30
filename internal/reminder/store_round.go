package reminder

import (
	"context"
	"database/sql"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// found is a cause that the clock alone brings about.
type found struct {
	UserID  uuid.UUID
	Kind    billing.CauseKind
	Subject string
	Period  string
}

const roundSQL = `
WITH causes AS (
	SELECT user_id, 'trial_ending' AS kind, stripe_id AS subject, to_char(trial_end AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS period
	FROM subscriptions
	WHERE status = 'trialing' AND NOT collection_paused AND cancel_at IS NULL AND NOT cancel_at_period_end
		AND trial_end > @now AND trial_end <= @trial
	UNION ALL
	SELECT user_id, 'renewal_ahead', stripe_id, to_char(current_period_end AT TIME ZONE 'UTC', 'YYYY-MM-DD')
	FROM subscriptions
	WHERE status = 'active' AND "interval" = 'year' AND NOT collection_paused AND cancel_at IS NULL AND NOT cancel_at_period_end
		AND current_period_end > @now AND current_period_end <= @renewal
	UNION ALL
	SELECT r.user_id, 'dispute_due', d.stripe_id, CASE WHEN d.due_by <= @tomorrow THEN '1' ELSE '7' END
	FROM disputes d CROSS JOIN (SELECT DISTINCT h.user_id FROM held_roles h JOIN users u ON u.id = h.user_id
		WHERE h.role = 'admin' AND h.cohort_id IS NULL AND h.space_id IS NULL AND (h.ends_at IS NULL OR h.ends_at > @now) AND u.state = 'active') r
	WHERE d.status IN ('needs_response', 'warning_needs_response') AND NOT d.answered AND d.due_by > @now AND d.due_by <= @week
)
SELECT c.* FROM causes c
WHERE NOT EXISTS (SELECT 1 FROM reminders l WHERE l.user_id = c.user_id AND l.kind = c.kind AND l.subject = c.subject AND l.period = c.period)
LIMIT @limit`

// round finds what is due for a letter and has none.
func (s store) round(ctx context.Context, now time.Time, limit int) ([]found, error) {
	return pg.Many[found](ctx, s.db, "look for causes of letters", roundSQL, sql.Named("now", now), sql.Named("trial", now.Add(trialAhead)),
		sql.Named("renewal", now.Add(renewalAhead)), sql.Named("week", now.Add(7*24*time.Hour)), sql.Named("tomorrow", now.Add(24*time.Hour)),
		sql.Named("limit", limit))
}

// uncheckedCards are members who pay, and whose card was not looked at since.
func (s store) uncheckedCards(ctx context.Context, since time.Time, limit int) ([]uuid.UUID, error) {
	const sql = `SELECT DISTINCT s.user_id AS id FROM subscriptions s JOIN stripe_customers c ON c.user_id = s.user_id
		WHERE s.status IN ('active', 'trialing') AND s.cancel_at IS NULL AND NOT s.cancel_at_period_end
		AND (c.card_checked_at IS NULL OR c.card_checked_at < ?) LIMIT ?`
	rows, err := pg.Many[keyed](ctx, s.db, "look for cards", sql, since, limit)
	ids := make([]uuid.UUID, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	return ids, err
}

func (s store) cardChecked(ctx context.Context, userID uuid.UUID, now time.Time) error {
	return pg.Exec(ctx, s.db, "note that a card was looked at", `UPDATE stripe_customers SET card_checked_at = ? WHERE user_id = ?`, now, userID)
}
