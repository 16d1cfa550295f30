-- +goose Up
CREATE TABLE idempotency_keys (
    user_id     uuid NOT NULL REFERENCES users (id),
    key         text NOT NULL,
    route       text NOT NULL,
    fingerprint bytea NOT NULL, -- of the request
    state       text NOT NULL CHECK (state IN ('started', 'finished')),
    leased_until timestamptz NOT NULL,
    status      bigint,
    header      jsonb,
    body        bytea,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (user_id, key)
);
CREATE INDEX idempotency_keys_created_at_idx ON idempotency_keys (created_at);
