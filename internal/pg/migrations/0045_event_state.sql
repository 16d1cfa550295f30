-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY IF NOT EXISTS stripe_events_state_idx ON stripe_events (state, received_at DESC, id DESC);
