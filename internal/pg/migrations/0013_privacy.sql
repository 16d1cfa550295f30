-- +goose Up
-- Copies of what we know about a person, made when she asks. The file lies in
-- the blob store under this id for a day.
CREATE TABLE exports (
    id           uuid PRIMARY KEY,
    user_id      uuid NOT NULL REFERENCES users (id),
    state        text NOT NULL CHECK (state IN ('waiting', 'working', 'ready', 'failed', 'expired')),
    tables_done  bigint NOT NULL,
    tables_total bigint NOT NULL,
    bytes        bigint NOT NULL,
    file         text, -- null: there is none (any more)
    created_at   timestamptz NOT NULL,
    finished_at  timestamptz,
    expires_at   timestamptz
);
CREATE INDEX exports_user_id_idx ON exports (user_id, created_at DESC);
CREATE INDEX exports_open_idx ON exports (created_at) WHERE state IN ('waiting', 'working', 'ready');

-- Accounts that are going to be erased or were: ids and times only, kept for
-- good, so that a restored backup can be erased again.
CREATE TABLE erasures (
    id          uuid PRIMARY KEY,
    user_id     uuid NOT NULL REFERENCES users (id),
    posts       text NOT NULL CHECK (posts IN ('pseudonymise', 'remove')),
    planned_at  timestamptz NOT NULL,
    due_at      timestamptz NOT NULL,
    undone_at   timestamptz,
    begun_at    timestamptz,
    steps_done  text NOT NULL, -- separated by commas
    finished_at timestamptz
);
CREATE UNIQUE INDEX erasures_one_key ON erasures (user_id) WHERE undone_at IS NULL;
CREATE INDEX erasures_due_idx ON erasures (due_at) WHERE undone_at IS NULL AND finished_at IS NULL;
