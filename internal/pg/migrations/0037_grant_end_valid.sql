-- +goose Up
ALTER TABLE grants VALIDATE CONSTRAINT grants_kind_check;
ALTER TABLE grants VALIDATE CONSTRAINT grants_revoked_because_check;
