-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY IF NOT EXISTS audit_log_subject_idx ON audit_log (subject_id, at DESC, id DESC) WHERE subject_id IS NOT NULL;
