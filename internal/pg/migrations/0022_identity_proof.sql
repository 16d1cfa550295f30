-- +goose Up
-- Signing in at a provider again can be the fresh proof that some acts ask for.
ALTER TABLE identity_flows DROP CONSTRAINT identity_flows_purpose_check;
ALTER TABLE identity_flows ADD CONSTRAINT identity_flows_purpose_check CHECK (purpose IN ('sign_in', 'sign_up', 'link', 'prove')) NOT VALID;
