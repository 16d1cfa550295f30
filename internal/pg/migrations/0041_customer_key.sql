-- +goose NO TRANSACTION
-- +goose Up
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS stripe_customers_current_key ON stripe_customers (user_id) WHERE former_at IS NULL;
