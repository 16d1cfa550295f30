-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY IF NOT EXISTS membership_ledger_subscription_id_idx ON membership_ledger (subscription_id);
