-- +goose Up
-- Letters about paying that were promised, and what became of them: each cause
-- is one row, so that it is one letter, however often it is found.
CREATE TABLE reminders (
    id          uuid PRIMARY KEY,
    user_id     uuid NOT NULL REFERENCES users (id), -- who is written to
    kind        text NOT NULL,
    subject     text NOT NULL, -- Stripe's id of what it is about
    period      text NOT NULL, -- which time of that
    state       text NOT NULL,
    promised_at timestamptz NOT NULL,
    settled_at  timestamptz,
    CONSTRAINT reminders_kind_check CHECK (kind IN ('trial_ending', 'renewal_ahead', 'payment_failed', 'action_required',
        'card_expiring', 'membership_ends', 'dispute_due')),
    CONSTRAINT reminders_state_check CHECK (state IN ('promised', 'sent', 'needless', 'undeliverable')),
    CONSTRAINT reminders_cause_key UNIQUE (user_id, kind, subject, period)
);

-- Letters that somebody does not want, of the kinds that may be refused.
CREATE TABLE reminder_refusals (
    user_id    uuid NOT NULL REFERENCES users (id),
    kind       text NOT NULL,
    refused_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, kind)
);

-- When Stripe tries an open invoice again, and whether only she can go on.
ALTER TABLE invoices ADD COLUMN next_attempt_at timestamptz;
ALTER TABLE invoices ADD COLUMN needs_action boolean NOT NULL DEFAULT false;

-- When the card was last looked at.
ALTER TABLE stripe_customers ADD COLUMN card_checked_at timestamptz;
