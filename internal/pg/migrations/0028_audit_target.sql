-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY IF NOT EXISTS audit_log_target_id_idx ON audit_log (target_id, at DESC, id DESC);
