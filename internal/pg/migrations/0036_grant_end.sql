-- +goose Up
-- More kinds of grants, why one was ended early, and when she was told that its end is near.
ALTER TABLE grants DROP CONSTRAINT grants_kind_check;
ALTER TABLE grants ADD CONSTRAINT grants_kind_check CHECK (kind IN ('comp', 'gift', 'scholarship', 'sponsor', 'alumni')) NOT VALID;
ALTER TABLE grants ADD COLUMN revoked_because text NOT NULL DEFAULT ''; -- '' while it runs, or it was ended by a binary before this
ALTER TABLE grants ADD CONSTRAINT grants_revoked_because_check CHECK (revoked_because IN ('', 'ended', 'paying')) NOT VALID;
ALTER TABLE grants ADD COLUMN reminded_at timestamptz;
