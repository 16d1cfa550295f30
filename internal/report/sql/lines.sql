-- After movement.sql: one line for each number of the report, exactly.
SELECT currency, movement AS line, sum(after - before)::text AS annual, count(*) AS members
FROM movement GROUP BY currency, movement
UNION ALL
SELECT currency, 'start', sum(before)::text, count(*) FILTER (WHERE before > 0) FROM member GROUP BY currency
UNION ALL
SELECT currency, 'end', sum(after)::text, count(*) FILTER (WHERE after > 0) FROM member GROUP BY currency
UNION ALL
SELECT currency, series, sum(annual_delta)::text, 0
FROM membership_ledger
WHERE series IN ('at_risk', 'ending', 'trial') AND effective_at < $2 AND ($3::text = '' OR currency = $3)
GROUP BY currency, series
