-- +goose Up
-- Which key has made a code; NULL for one of the binary before.
ALTER TABLE recovery_codes ADD COLUMN made_with text;
