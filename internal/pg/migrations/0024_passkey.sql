-- +goose Up
-- A passkey (W3C Web Authentication): what we need of it to know it again.
CREATE TABLE passkeys (
    id              uuid PRIMARY KEY,
    user_id         uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    credential_id   bytea NOT NULL,
    public_key      bytea NOT NULL, -- COSE
    sign_count      bigint NOT NULL, -- of its last use; 0 as long as it does not count
    backup_eligible boolean NOT NULL, -- it never changes
    backed_up       boolean NOT NULL,
    transports      text NOT NULL, -- separated by commas
    name            text NOT NULL,
    created_at      timestamptz NOT NULL,
    last_used_at    timestamptz,
    CONSTRAINT passkeys_credential_id_key UNIQUE (credential_id)
);
CREATE INDEX passkeys_user_id_idx ON passkeys (user_id);

-- What an authenticator is asked to sign. A challenge is derived from its id.
CREATE TABLE passkey_challenges (
    id         uuid PRIMARY KEY,
    purpose    text NOT NULL CHECK (purpose IN ('add', 'sign_in', 'prove')),
    user_id    uuid REFERENCES users (id) ON DELETE CASCADE, -- who is asked, where it is somebody
    session_id uuid,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);
CREATE INDEX passkey_challenges_expires_at_idx ON passkey_challenges (expires_at);
CREATE INDEX passkey_challenges_user_id_idx ON passkey_challenges (user_id) WHERE user_id IS NOT NULL;
