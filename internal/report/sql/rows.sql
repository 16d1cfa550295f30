-- After movement.sql: the members behind one number ($4; empty: all of them),
-- behind the key ($5, $6, $7) if there is one, at most $8. The plan is the one
-- she came to, or left.
SELECT m.user_id AS member_id, u.display_name, u.email, m.movement, m.currency,
       m.before::text AS annual_before, m.after::text AS annual_after, m.effective_at, coalesce(p.slug, '') AS plan
FROM movement m
JOIN users u ON u.id = m.user_id
LEFT JOIN LATERAL (
    SELECT l.plan_id FROM membership_ledger l
    WHERE l.user_id = m.user_id AND l.series = 'mrr' AND l.currency = m.currency AND l.effective_at < $2 AND l.plan_id IS NOT NULL
    ORDER BY l.effective_at DESC, l.annual_delta > 0 DESC, l.id DESC LIMIT 1
) last ON true
LEFT JOIN plans p ON p.id = last.plan_id
WHERE m.movement <> 'joined_and_left' AND ($4::text = '' OR m.movement = $4)
  AND ($5::timestamptz IS NULL OR (m.effective_at, m.user_id, m.currency) < ($5, $6::uuid, $7::text))
ORDER BY m.effective_at DESC, m.user_id DESC, m.currency DESC
LIMIT $8
