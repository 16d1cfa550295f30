-- +goose Up
-- One-time payments: written before Stripe is asked, as checkouts are. The id derives Stripe's idempotency key.
CREATE TABLE purchases (
    id                       uuid PRIMARY KEY,
    user_id                  uuid NOT NULL REFERENCES users (id), -- who pays
    purpose                  text NOT NULL CHECK (purpose IN ('gift', 'donation', 'membership')),
    subject_id               uuid NOT NULL, -- what it is for, in the domain of the purpose
    title                    text NOT NULL, -- as it stands on Stripe's page
    amount_minor             bigint NOT NULL CHECK (amount_minor > 0),
    currency                 text NOT NULL CHECK (currency ~ '^[a-z]{3}$'),
    state                    text NOT NULL CHECK (state IN ('creating', 'open', 'processing', 'paid', 'failed', 'expired')),
    stripe_session_id        text,
    stripe_payment_intent_id text,
    url                      text NOT NULL,
    expires_at               timestamptz,
    created_at               timestamptz NOT NULL,
    updated_at               timestamptz NOT NULL,
    paid_at                  timestamptz,
    CONSTRAINT purchases_stripe_session_id_key UNIQUE (stripe_session_id),
    CONSTRAINT purchases_stripe_payment_intent_id_key UNIQUE (stripe_payment_intent_id),
    CONSTRAINT purchases_paid_check CHECK ((state = 'paid') = (paid_at IS NOT NULL))
);
CREATE UNIQUE INDEX purchases_one_open_key ON purchases (user_id, purpose, subject_id) WHERE state IN ('creating', 'open');
CREATE INDEX purchases_user_id_idx ON purchases (user_id, created_at DESC);
CREATE INDEX purchases_subject_id_idx ON purchases (subject_id);
CREATE INDEX purchases_unsettled_idx ON purchases (created_at) WHERE state IN ('creating', 'open', 'processing');
