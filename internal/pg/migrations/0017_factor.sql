-- +goose Up
-- Roles ask for a proof by a second factor.
ALTER TABLE sessions ADD COLUMN proved_by_factor boolean NOT NULL DEFAULT false;

-- An authenticator app (RFC 6238). One that is not confirmed is being set up.
CREATE TABLE totp_factors (
    id           uuid PRIMARY KEY,
    user_id      uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    secret       bytea NOT NULL, -- encrypted and bound to user and id
    created_at   timestamptz NOT NULL,
    confirmed_at timestamptz,
    last_used_at timestamptz,
    last_step    bigint NOT NULL DEFAULT 0 -- of the last code that was taken: none works twice
);
CREATE UNIQUE INDEX totp_factors_confirmed_key ON totp_factors (user_id) WHERE confirmed_at IS NOT NULL;
CREATE UNIQUE INDEX totp_factors_begun_key ON totp_factors (user_id) WHERE confirmed_at IS NULL;

-- A recovery code is derived from its id.
CREATE TABLE recovery_codes (
    id         uuid PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    used_at    timestamptz
);
CREATE INDEX recovery_codes_user_idx ON recovery_codes (user_id);

-- Wrong codes since a moment. The row is what all tries and changes of
-- somebody's factors wait for.
CREATE TABLE factor_tries (
    user_id uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    wrong   bigint NOT NULL,
    since   timestamptz NOT NULL
);
