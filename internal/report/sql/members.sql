-- Members, the newest first: name part or e-mail prefix ($1; empty: all) and
-- level of access ($2; empty: any) at $3, behind the key ($4, $5), at most $6.
SELECT u.id, u.display_name, u.email, u.created_at AS joined_at, access.level AS access, access.reason AS access_reason,
       coalesce((
           SELECT p.slug FROM subscriptions s JOIN plans p ON p.id = s.plan_id
           WHERE s.user_id = u.id AND s.status IN ('trialing', 'active', 'past_due', 'paused', 'unpaid')
           ORDER BY s.status IN ('active', 'past_due') DESC, s.status = 'trialing' DESC, s.started_at DESC, s.id DESC LIMIT 1
       ), '') AS plan,
       ARRAY(
           SELECT l.currency || ' ' || sum(l.annual_delta)::text FROM membership_ledger l
           WHERE l.user_id = u.id AND l.series = 'mrr' AND l.effective_at <= $3
           GROUP BY l.currency HAVING sum(l.annual_delta) > 0 ORDER BY l.currency
       ) AS annual,
       ARRAY(
           SELECT c.name FROM enrolments e JOIN cohorts c ON c.id = e.cohort_id
           WHERE e.user_id = u.id AND e.state <> 'withdrawn'
           GROUP BY c.id ORDER BY c.starts_on DESC, c.id DESC
       ) AS cohorts
FROM users u
LEFT JOIN member_access a ON a.user_id = u.id AND (a.until IS NULL OR a.until > $3)
CROSS JOIN LATERAL (SELECT coalesce(a.level, 'none') AS level, coalesce(a.reason, 'none') AS reason) access
WHERE u.state <> 'deleted'
  AND ($1::text = '' OR u.display_name ILIKE '%' || $1 || '%' OR u.email ILIKE $1 || '%')
  AND ($2::text = '' OR access.level = $2)
  AND ($4::timestamptz IS NULL OR (u.created_at, u.id) < ($4, $5::uuid))
ORDER BY u.created_at DESC, u.id DESC
LIMIT $6
