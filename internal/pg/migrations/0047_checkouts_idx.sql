-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY IF NOT EXISTS checkouts_user_id_idx ON checkouts (user_id, created_at DESC, id DESC);
