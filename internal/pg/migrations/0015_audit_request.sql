-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY IF NOT EXISTS audit_log_request_id_idx ON audit_log (request_id) WHERE request_id <> '';
