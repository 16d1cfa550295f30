-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY IF NOT EXISTS subscriptions_plan_id_idx ON subscriptions (plan_id) WHERE status NOT IN ('canceled', 'incomplete_expired');
