-- The same just before $1, from what is kept with its dates: the ledger, grants and bans.
WITH series AS (
    SELECT DISTINCT user_id, series FROM (
        SELECT user_id, series FROM membership_ledger
        WHERE series IN ('mrr', 'trial', 'paused') AND effective_at < $1
        GROUP BY user_id, series, currency HAVING sum(annual_delta) > 0
    ) each_currency
), basis AS (
    SELECT user_id,
           CASE series WHEN 'mrr' THEN 1 WHEN 'trial' THEN 2 ELSE 4 END AS rank,
           CASE series WHEN 'mrr' THEN 'paying' ELSE series END AS reason
    FROM series
    UNION ALL
    SELECT user_id, 3, 'grant' FROM grants
    WHERE starts_at < $1 AND (ends_at IS NULL OR ends_at >= $1) AND (revoked_at IS NULL OR revoked_at >= $1)
), strongest AS (
    SELECT DISTINCT ON (user_id) user_id, reason FROM basis ORDER BY user_id, rank
)
SELECT reason, count(*) AS members
FROM strongest s
WHERE NOT EXISTS (
    SELECT 1 FROM bans b
    WHERE b.user_id = s.user_id AND b.starts_at < $1 AND (b.ends_at IS NULL OR b.ends_at >= $1) AND (b.lifted_at IS NULL OR b.lifted_at >= $1)
)
GROUP BY reason ORDER BY reason
