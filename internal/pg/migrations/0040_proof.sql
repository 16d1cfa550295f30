-- +goose Up
-- Comparisons of everything Stripe has with everything we have. Findings name
-- subscriptions and customers by their ids at Stripe, never people.
CREATE TABLE billing_proofs (
    id          uuid PRIMARY KEY,
    state       text NOT NULL,
    checked     bigint NOT NULL,
    expected    bigint NOT NULL,
    healed      bigint NOT NULL,
    findings    jsonb,
    started_at  timestamptz NOT NULL,
    finished_at timestamptz,
    CONSTRAINT billing_proofs_state_check CHECK (state IN ('running', 'done', 'failed'))
);
CREATE UNIQUE INDEX billing_proofs_running_key ON billing_proofs (state) WHERE state = 'running';
CREATE INDEX billing_proofs_started_at_idx ON billing_proofs (started_at DESC);

-- One who was known to Stripe twice keeps both numbers: one is current, the
-- other former, and what is paid under either is hers.
ALTER TABLE stripe_customers ADD COLUMN former_at timestamptz;
