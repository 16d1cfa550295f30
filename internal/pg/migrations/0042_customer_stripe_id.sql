-- +goose NO TRANSACTION
-- +goose Up
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS stripe_customers_id_key ON stripe_customers (stripe_id);
