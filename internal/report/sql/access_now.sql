-- Everybody with access at $1: paying, or the reason it rests on.
WITH payer AS (
    SELECT DISTINCT user_id FROM (
        SELECT user_id FROM membership_ledger
        WHERE series = 'mrr' AND effective_at <= $1
        GROUP BY user_id, currency HAVING sum(annual_delta) > 0
    ) each_currency
)
SELECT CASE WHEN payer.user_id IS NOT NULL THEN 'paying' ELSE a.reason END AS reason, count(*) AS members
FROM member_access a
LEFT JOIN payer ON payer.user_id = a.user_id
WHERE a.level <> 'none' AND (a.until IS NULL OR a.until > $1)
GROUP BY 1 ORDER BY 1
