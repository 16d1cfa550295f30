-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY IF NOT EXISTS checkouts_price_id_idx ON checkouts (price_id) WHERE state <> 'expired';
