-- +goose Up
-- What Stripe says that a person must look at.
CREATE TABLE billing_flags (
    id         uuid PRIMARY KEY,
    kind       text NOT NULL,
    subject    text NOT NULL, -- Stripe's id of what it is about
    user_id    uuid REFERENCES users (id), -- whose it is; null: nobody's
    detail     text NOT NULL,
    raised_at  timestamptz NOT NULL,
    cleared_at timestamptz,
    CONSTRAINT billing_flags_kind_check CHECK (kind IN ('catalogue_drift', 'fraud_warning', 'invoice_stuck'))
);
CREATE UNIQUE INDEX billing_flags_open_key ON billing_flags (kind, subject) WHERE cleared_at IS NULL;
CREATE INDEX billing_flags_user_id_idx ON billing_flags (user_id);
