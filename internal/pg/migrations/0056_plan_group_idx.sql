-- +goose NO TRANSACTION
-- +goose Up
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS subscriptions_one_held_key ON subscriptions (user_id, plan_group) WHERE held;
