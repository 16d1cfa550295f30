-- +goose Up
-- Which person of a provider is which person here.
CREATE TABLE identities (
    id           uuid PRIMARY KEY,
    user_id      uuid NOT NULL REFERENCES users (id),
    provider     text NOT NULL, -- its name in the configuration, when it was last used
    issuer       text NOT NULL,
    subject      text NOT NULL,
    linked_at    timestamptz NOT NULL,
    last_used_at timestamptz,
    CONSTRAINT identities_issuer_subject_key UNIQUE (issuer, subject),
    CONSTRAINT identities_user_id_issuer_key UNIQUE (user_id, issuer)
);

-- Ways to a provider and back. Their secrets are derived from the id.
CREATE TABLE identity_flows (
    id         uuid PRIMARY KEY,
    provider   text NOT NULL,
    purpose    text NOT NULL CHECK (purpose IN ('sign_in', 'sign_up', 'link')),
    user_id    uuid REFERENCES users (id), -- who links
    session_id uuid, -- and where
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);
CREATE INDEX identity_flows_expires_at_idx ON identity_flows (expires_at);
CREATE INDEX identity_flows_user_id_idx ON identity_flows (user_id) WHERE user_id IS NOT NULL;
