-- +goose Up
-- What was taken from a card, as Stripe has it.
CREATE TABLE charges (
    id                uuid PRIMARY KEY,
    stripe_id         text NOT NULL,
    user_id           uuid NOT NULL REFERENCES users (id),
    stripe_invoice_id text NOT NULL, -- empty when nothing was billed
    status            text NOT NULL,
    amount_minor      bigint NOT NULL,
    refunded_minor    bigint NOT NULL, -- less what failed to arrive
    currency          text NOT NULL,
    occurred_at       timestamptz NOT NULL,
    updated_at        timestamptz NOT NULL,
    CONSTRAINT charges_stripe_id_key UNIQUE (stripe_id)
);
CREATE INDEX charges_user_id_idx ON charges (user_id);
CREATE INDEX charges_stripe_invoice_id_idx ON charges (stripe_invoice_id);

-- Money that went back. It counts at occurred_at; what failed comes back at
-- ended_at, so that no month is ever rewritten.
CREATE TABLE refunds (
    id                uuid PRIMARY KEY,
    stripe_id         text NOT NULL,
    user_id           uuid NOT NULL REFERENCES users (id),
    stripe_charge_id  text NOT NULL,
    stripe_invoice_id text NOT NULL,
    status            text NOT NULL,
    amount_minor      bigint NOT NULL,
    currency          text NOT NULL,
    reason            text NOT NULL,
    failure           text NOT NULL,
    occurred_at       timestamptz NOT NULL,
    ended_at          timestamptz, -- when we learned that it failed or was called off
    updated_at        timestamptz NOT NULL,
    CONSTRAINT refunds_stripe_id_key UNIQUE (stripe_id),
    CONSTRAINT refunds_status_check CHECK (status IN ('pending', 'requires_action', 'succeeded', 'failed', 'canceled'))
);
CREATE INDEX refunds_user_id_idx ON refunds (user_id);
CREATE INDEX refunds_open_idx ON refunds (user_id) WHERE status IN ('pending', 'requires_action');

-- Charges that a bank disputes. What it takes counts at withdrawn_at, what it
-- gives back at reinstated_at; whether it is won or lost moves nothing more.
CREATE TABLE disputes (
    id                uuid PRIMARY KEY,
    stripe_id         text NOT NULL,
    user_id           uuid NOT NULL REFERENCES users (id),
    stripe_charge_id  text NOT NULL,
    stripe_invoice_id text NOT NULL,
    status            text NOT NULL,
    reason            text NOT NULL,
    amount_minor      bigint NOT NULL,
    currency          text NOT NULL,
    answered          boolean NOT NULL,
    due_by            timestamptz, -- null: the bank takes no answer
    occurred_at       timestamptz NOT NULL,
    withdrawn_at      timestamptz,
    reinstated_at     timestamptz,
    updated_at        timestamptz NOT NULL,
    CONSTRAINT disputes_stripe_id_key UNIQUE (stripe_id),
    CONSTRAINT disputes_status_check CHECK (status IN ('warning_needs_response', 'warning_under_review', 'warning_closed',
        'needs_response', 'under_review', 'won', 'lost'))
);
CREATE INDEX disputes_user_id_idx ON disputes (user_id);
CREATE INDEX disputes_open_idx ON disputes (due_by) WHERE status IN ('needs_response', 'warning_needs_response');

-- Documents that take an amount off an invoice.
CREATE TABLE credit_notes (
    id                uuid PRIMARY KEY,
    stripe_id         text NOT NULL,
    user_id           uuid NOT NULL REFERENCES users (id),
    stripe_invoice_id text NOT NULL,
    stripe_refund_id  text NOT NULL, -- what went back with it, which counts there
    number            text NOT NULL,
    kind              text NOT NULL,
    status            text NOT NULL,
    reason            text NOT NULL,
    amount_minor      bigint NOT NULL,
    currency          text NOT NULL,
    pdf_url           text NOT NULL,
    occurred_at       timestamptz NOT NULL,
    voided_at         timestamptz,
    updated_at        timestamptz NOT NULL,
    CONSTRAINT credit_notes_stripe_id_key UNIQUE (stripe_id),
    CONSTRAINT credit_notes_kind_check CHECK (kind IN ('pre_payment', 'post_payment')),
    CONSTRAINT credit_notes_status_check CHECK (status IN ('issued', 'void'))
);
CREATE INDEX credit_notes_user_id_idx ON credit_notes (user_id);

-- What is going to be asked of Stripe: the id derives the idempotency key.
CREATE TABLE refund_orders (
    id               uuid PRIMARY KEY,
    user_id          uuid NOT NULL REFERENCES users (id),
    invoice_id       uuid NOT NULL REFERENCES invoices (id),
    stripe_charge_id text NOT NULL,
    amount_minor     bigint NOT NULL,
    currency         text NOT NULL,
    reason           text NOT NULL,
    note             text NOT NULL, -- for those who run the community
    ends_access      boolean NOT NULL,
    asked_by         uuid NOT NULL REFERENCES users (id),
    client_key       text,
    state            text NOT NULL,
    failure          text NOT NULL,
    stripe_refund_id text NOT NULL,
    asked_at         timestamptz NOT NULL,
    settled_at       timestamptz,
    CONSTRAINT refund_orders_amount_minor_check CHECK (amount_minor > 0),
    CONSTRAINT refund_orders_state_check CHECK (state IN ('asked', 'done', 'declined')),
    CONSTRAINT refund_orders_client_key_key UNIQUE (asked_by, client_key)
);
CREATE UNIQUE INDEX refund_orders_open_key ON refund_orders (invoice_id) WHERE state = 'asked';
CREATE INDEX refund_orders_user_id_idx ON refund_orders (user_id);
