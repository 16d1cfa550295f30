-- +goose Up
-- Codes and links that open a door once. What opens is derived from the id and a key; it is not stored.
CREATE TABLE secrets (
    id         uuid PRIMARY KEY,
    kind       text NOT NULL CHECK (kind IN ('code', 'reset')),
    email_key  text NOT NULL, -- the address that was typed, whether or not it has an account
    user_id    uuid REFERENCES users (id), -- whose account it opens; null: no letter went out
    tries      bigint NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    mailed_at  timestamptz,
    used_at    timestamptz
);
CREATE INDEX secrets_email_key_idx ON secrets (email_key, kind, created_at);
CREATE INDEX secrets_user_id_idx ON secrets (user_id);

CREATE TABLE email_changes (
    id              uuid PRIMARY KEY,
    user_id         uuid NOT NULL REFERENCES users (id),
    session_id      uuid NOT NULL, -- that asked; it goes on
    old_email       text NOT NULL,
    old_key         text NOT NULL,
    new_email       text NOT NULL,
    new_key         text NOT NULL,
    created_at      timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL, -- of the link at the new address
    undo_expires_at timestamptz NOT NULL, -- of the link at the old one
    mailed_at       timestamptz,
    confirmed_at    timestamptz,
    undone_at       timestamptz
);
CREATE INDEX email_changes_user_id_idx ON email_changes (user_id, created_at);
CREATE INDEX email_changes_new_key_idx ON email_changes (new_key, created_at);
