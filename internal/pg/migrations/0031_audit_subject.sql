-- +goose Up
-- Whose the target of an act is. Like target_id it is no foreign key: the log
-- outlives what it tells of.
ALTER TABLE audit_log ADD COLUMN subject_id uuid;
