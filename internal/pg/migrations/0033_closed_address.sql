-- +goose Up
-- To which addresses the community stays closed although their account was
-- erased: a keyed hash, and nothing else of her.
CREATE TABLE closed_addresses (
    hash    text PRIMARY KEY,
    ends_at timestamptz,          -- null: until somebody opens it
    until   timestamptz NOT NULL  -- it is forgotten
);
CREATE INDEX closed_addresses_until_idx ON closed_addresses (until);
