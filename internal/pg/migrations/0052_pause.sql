-- +goose Up
-- Times at which members rest: nothing is billed, and the next bill comes
-- later by as long as they are away.
CREATE TABLE pauses (
    id              uuid PRIMARY KEY,
    user_id         uuid NOT NULL REFERENCES users (id),
    subscription_id uuid NOT NULL REFERENCES subscriptions (id),
    from_at         timestamptz NOT NULL,
    until_at        timestamptz NOT NULL,
    reason          text NOT NULL,
    state           text NOT NULL,
    base_at         timestamptz,           -- when the bill would have come
    bills_at        timestamptz,           -- to when Stripe is asked to move it
    moved_at        timestamptz,           -- to when Stripe says that it has
    asks            bigint NOT NULL,
    dirty           boolean NOT NULL,      -- Stripe does not know yet
    reminded_at     timestamptz,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    CONSTRAINT pauses_state_check CHECK (state IN ('planned', 'running', 'over', 'taken_back', 'void')),
    CONSTRAINT pauses_span_check CHECK (until_at >= from_at)
);
CREATE UNIQUE INDEX pauses_open_key ON pauses (user_id) WHERE state IN ('planned', 'running');
CREATE INDEX pauses_user_id_idx ON pauses (user_id, from_at);
CREATE INDEX pauses_subscription_id_idx ON pauses (subscription_id);
CREATE INDEX pauses_due_idx ON pauses (from_at) WHERE state IN ('planned', 'running');

-- The rest of a subscription, for access and the ledger.
ALTER TABLE subscriptions ADD COLUMN break_from timestamptz;
ALTER TABLE subscriptions ADD COLUMN break_until timestamptz;
