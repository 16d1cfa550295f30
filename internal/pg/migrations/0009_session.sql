-- +goose Up
-- What a person is shown about her sessions, and what tells a lost answer
-- from a stolen token.
ALTER TABLE sessions ADD COLUMN device text NOT NULL DEFAULT ''; -- as in "Firefox on Linux"
ALTER TABLE sessions ADD COLUMN network text NOT NULL DEFAULT ''; -- the address without its end
ALTER TABLE sessions ADD COLUMN way text NOT NULL DEFAULT 'password';
ALTER TABLE sessions ADD COLUMN last_seen_at timestamptz; -- null: never
ALTER TABLE sessions ADD COLUMN seen_generation bigint NOT NULL DEFAULT 0; -- the latest whose keys came back to us
ALTER TABLE sessions ADD COLUMN proved_at timestamptz; -- null: a second factor is owed
ALTER TABLE sessions ADD CONSTRAINT sessions_way_check CHECK (way IN ('password', 'code', 'passkey', 'oidc', 'invitation')) NOT VALID;
UPDATE sessions SET proved_at = created_at, seen_generation = generation;
ALTER TABLE sessions DROP CONSTRAINT sessions_revoked_reason_check;
ALTER TABLE sessions ADD CONSTRAINT sessions_revoked_reason_check
    CHECK (revoked_reason IN ('logout', 'reuse', 'cap', 'admin', 'elsewhere', 'password', 'email', 'suspended', 'erased')) NOT VALID;

-- The kinds of second factor she has, as in "passkey,totp".
ALTER TABLE users ADD COLUMN factors text NOT NULL DEFAULT '';
