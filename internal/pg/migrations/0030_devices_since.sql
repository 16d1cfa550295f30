-- +goose Up
-- A device that signed in before is known no more; null: all are. The binary
-- before knows them by their tokens alone, and never reads it.
ALTER TABLE users ADD COLUMN devices_since timestamptz;
