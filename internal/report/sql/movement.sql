-- The members of a period [$1, $2) and how each of them moved, per currency
-- ($3; empty: all). Amounts are annualised. Changes at one instant are one.
WITH member AS (
    SELECT user_id, currency,
           coalesce(sum(annual_delta) FILTER (WHERE effective_at < $1), 0) AS before,
           sum(annual_delta) AS after,
           bool_or(effective_at >= $1) AS touched
    FROM membership_ledger
    WHERE series = 'mrr' AND effective_at < $2 AND ($3::text = '' OR currency = $3)
    GROUP BY user_id, currency
), movement AS (
    SELECT m.user_id, m.currency, m.before, m.after,
           CASE
               WHEN m.before <= 0 AND m.after > 0 THEN CASE WHEN path.earlier THEN 'reactivation' ELSE 'new' END
               WHEN m.before > 0 AND m.after <= 0 THEN 'churn'
               WHEN m.after > m.before THEN 'expansion'
               WHEN m.after < m.before THEN 'contraction'
               ELSE 'joined_and_left'
           END AS movement,
           CASE
               WHEN m.before <= 0 AND m.after > 0 THEN path.came
               ELSE path.changed
           END AS effective_at
    FROM member m
    CROSS JOIN LATERAL (
        SELECT coalesce(bool_or(step.total > 0) FILTER (WHERE step.at < $1), false) AS earlier,
               coalesce(bool_or(step.total > 0) FILTER (WHERE step.at >= $1), false) AS inside,
               max(step.at) FILTER (WHERE step.at >= $1 AND step.total > 0 AND step.total - step.delta <= 0) AS came,
               max(step.at) FILTER (WHERE step.at >= $1 AND step.delta <> 0) AS changed
        FROM (
            SELECT l.effective_at AS at, sum(l.annual_delta) AS delta,
                   sum(sum(l.annual_delta)) OVER (ORDER BY l.effective_at) AS total
            FROM membership_ledger l
            WHERE l.user_id = m.user_id AND l.series = 'mrr' AND l.currency = m.currency AND l.effective_at < $2
            GROUP BY l.effective_at
        ) step
    ) path
    WHERE m.touched AND (m.before <> m.after OR (m.before <= 0 AND path.inside))
)
