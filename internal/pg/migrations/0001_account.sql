-- +goose Up
CREATE TABLE users (
    id                uuid PRIMARY KEY,
    email             text NOT NULL,
    email_key         text NOT NULL, -- what makes two addresses the same
    email_verified_at timestamptz,
    password_hash     text,
    display_name      text NOT NULL,
    time_zone         text NOT NULL,
    state             text NOT NULL CHECK (state IN ('active', 'suspended', 'deleted')),
    version           bigint NOT NULL,
    created_at        timestamptz NOT NULL,
    updated_at        timestamptz NOT NULL,
    CONSTRAINT users_email_key_key UNIQUE (email_key)
);
CREATE INDEX users_created_at_id_idx ON users (created_at DESC, id DESC);

CREATE TABLE user_roles (
    user_id    uuid NOT NULL REFERENCES users (id),
    role       text NOT NULL CHECK (role IN ('coach', 'moderator', 'admin')),
    granted_by uuid REFERENCES users (id),
    granted_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, role)
);

-- A session is a family of refresh tokens; generation says which one is current.
CREATE TABLE sessions (
    id              uuid PRIMARY KEY,
    user_id         uuid NOT NULL REFERENCES users (id),
    generation      bigint NOT NULL,
    rotated_at      timestamptz NOT NULL,
    created_at      timestamptz NOT NULL,
    idle_expires_at timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL,
    revoked_at      timestamptz,
    revoked_reason  text CHECK (revoked_reason IN ('logout', 'reuse', 'cap', 'admin'))
);
CREATE INDEX sessions_user_id_idx ON sessions (user_id, created_at) WHERE revoked_at IS NULL;

-- The code and the token are derived from the id and a key; neither is stored.
CREATE TABLE signups (
    id            uuid PRIMARY KEY,
    email         text NOT NULL,
    email_key     text NOT NULL,
    password_hash text NOT NULL,
    display_name  text NOT NULL,
    tries         bigint NOT NULL,
    created_at    timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    mailed_at     timestamptz, -- a code that was not sent cannot be guessed
    used_at       timestamptz
);
CREATE INDEX signups_email_key_idx ON signups (email_key, created_at DESC);
