-- +goose Up
CREATE TABLE stripe_customers (
    user_id    uuid PRIMARY KEY REFERENCES users (id),
    stripe_id  text NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT stripe_customers_stripe_id_key UNIQUE (stripe_id)
);

-- The inbox: every verified event, once.
CREATE TABLE stripe_events (
    id          text PRIMARY KEY,
    type        text NOT NULL,
    api_version text NOT NULL,
    livemode    boolean NOT NULL,
    customer_id text NOT NULL,
    payload     jsonb NOT NULL,
    state       text NOT NULL CHECK (state IN ('received', 'applied', 'ignored', 'dead')),
    attempts    bigint NOT NULL,
    last_error  text NOT NULL,
    created_at  timestamptz NOT NULL, -- Stripe's
    received_at timestamptz NOT NULL,
    settled_at  timestamptz
);
CREATE INDEX stripe_events_open_idx ON stripe_events (received_at) WHERE state = 'received';

-- The record of an intention to pay, written before Stripe is asked. Its id derives Stripe's idempotency keys.
CREATE TABLE checkouts (
    id                uuid PRIMARY KEY,
    user_id           uuid NOT NULL REFERENCES users (id),
    price_id          uuid NOT NULL REFERENCES prices (id),
    state             text NOT NULL CHECK (state IN ('creating', 'open', 'complete', 'expired')),
    stripe_session_id text,
    url               text NOT NULL,
    expires_at        timestamptz,
    created_at        timestamptz NOT NULL,
    updated_at        timestamptz NOT NULL,
    CONSTRAINT checkouts_stripe_session_id_key UNIQUE (stripe_session_id)
);
CREATE UNIQUE INDEX checkouts_one_open_key ON checkouts (user_id) WHERE state IN ('creating', 'open');

CREATE TABLE invoices (
    id                     uuid PRIMARY KEY,
    stripe_id              text NOT NULL,
    user_id                uuid NOT NULL REFERENCES users (id),
    stripe_subscription_id text NOT NULL,
    status                 text NOT NULL,
    billing_reason         text NOT NULL,
    amount_due_minor       bigint NOT NULL,
    amount_paid_minor      bigint NOT NULL,
    currency               text NOT NULL CHECK (currency ~ '^[a-z]{3}$'),
    attempts               bigint NOT NULL,
    hosted_url             text NOT NULL,
    created_at             timestamptz NOT NULL,
    paid_at                timestamptz,
    updated_at             timestamptz NOT NULL,
    CONSTRAINT invoices_stripe_id_key UNIQUE (stripe_id)
);
CREATE INDEX invoices_user_id_idx ON invoices (user_id, created_at DESC);
