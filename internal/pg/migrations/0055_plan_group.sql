-- +goose Up
-- Of the plans of a group a member holds one at a time.
ALTER TABLE plans ADD COLUMN group_key text NOT NULL DEFAULT 'membership';
ALTER TABLE plans ADD COLUMN seats bigint CONSTRAINT plans_seats_check CHECK (seats > 0); -- null: as many as come
ALTER TABLE plans ADD COLUMN version bigint NOT NULL DEFAULT 1;

-- Which running subscription is the one of its group. A second one, which only
-- somebody at Stripe can have made, runs and is not held.
ALTER TABLE subscriptions ADD COLUMN plan_group text;
ALTER TABLE subscriptions ADD COLUMN held boolean NOT NULL DEFAULT false;
UPDATE subscriptions s SET plan_group = n.plan_group, held = n.nth = 1
FROM (SELECT r.id, p.group_key AS plan_group, row_number() OVER (PARTITION BY r.user_id, p.group_key ORDER BY r.started_at, r.id) AS nth
      FROM subscriptions r JOIN plans p ON p.id = r.plan_id
      WHERE r.status IN ('trialing', 'active', 'past_due', 'unpaid', 'incomplete')) n
WHERE n.id = s.id;
