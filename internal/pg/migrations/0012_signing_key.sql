-- +goose Up
-- What access tokens are signed with. Everything else about a key follows
-- from the moment at which it, and the next one, begins to sign.
CREATE TABLE signing_keys (
    kid        text PRIMARY KEY, -- what a token names it by
    sealed     bytea NOT NULL, -- its seed, never plain
    signs_at   timestamptz NOT NULL,
    created_at timestamptz NOT NULL
);
