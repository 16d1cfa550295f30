-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY IF NOT EXISTS checkouts_created_at_idx ON checkouts (created_at DESC, id DESC);
