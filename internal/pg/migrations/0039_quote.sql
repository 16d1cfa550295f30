-- +goose Up
-- What members were told that a change of plan costs. Each is used once, and
-- its id derives the keys under which Stripe is asked.
CREATE TABLE quotes (
    id              uuid PRIMARY KEY,
    user_id         uuid NOT NULL REFERENCES users (id),
    subscription_id uuid NOT NULL REFERENCES subscriptions (id),
    price_id        uuid NOT NULL REFERENCES prices (id),
    effect          text NOT NULL,
    item_id         text NOT NULL,         -- at Stripe
    quantity        bigint NOT NULL,
    basis           text NOT NULL,         -- what the subscription was when it was made
    due_minor       bigint NOT NULL,
    tax_minor       bigint NOT NULL,
    currency        text NOT NULL,
    lines           text NOT NULL,         -- JSON
    next_minor      bigint NOT NULL,
    next_at         timestamptz NOT NULL,
    effective_at    timestamptz NOT NULL,  -- also the moment to which time is counted
    state           text NOT NULL,
    charged_minor   bigint,                -- as Stripe said afterwards
    created_at      timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL,
    asked_at        timestamptz,
    settled_at      timestamptz,
    CONSTRAINT quotes_effect_check CHECK (effect IN ('now', 'period_end')),
    CONSTRAINT quotes_state_check CHECK (state IN ('open', 'asked', 'done', 'void'))
);
CREATE INDEX quotes_user_id_idx ON quotes (user_id, created_at);
CREATE INDEX quotes_asked_idx ON quotes (asked_at) WHERE state = 'asked';
CREATE INDEX quotes_subscription_id_idx ON quotes (subscription_id);
CREATE INDEX quotes_price_id_idx ON quotes (price_id);

-- The price that follows the running period, when a change is scheduled.
ALTER TABLE subscriptions ADD COLUMN schedule_id text NOT NULL DEFAULT '';
ALTER TABLE subscriptions ADD COLUMN next_price_id uuid;
ALTER TABLE subscriptions ADD COLUMN next_at timestamptz;
