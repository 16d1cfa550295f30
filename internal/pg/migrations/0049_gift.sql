-- +goose Up
-- Months of a plan that somebody buys for somebody else. What the link carries is derived from the id and a key; it is not
-- stored. Whether they are paid is in purchases, too, which leads there by subject_id.
CREATE TABLE gifts (
    id              uuid PRIMARY KEY,
    buyer_id        uuid NOT NULL REFERENCES users (id),
    plan            text NOT NULL, -- slug
    months          bigint NOT NULL CHECK (months BETWEEN 1 AND 24),
    amount_minor    bigint NOT NULL CHECK (amount_minor > 0),
    currency        text NOT NULL CHECK (currency ~ '^[a-z]{3}$'),
    recipient_email text, -- null: handed on by the buyer; blank again once it is over
    recipient_name  text NOT NULL,
    message         text NOT NULL,
    deliver_at      timestamptz NOT NULL,
    created_at      timestamptz NOT NULL,
    paid_at         timestamptz,
    mailed_at       timestamptz, -- when the letter was promised
    expires_at      timestamptz, -- set with paid_at
    redeemed_at     timestamptz,
    redeemed_by     uuid REFERENCES users (id),
    grant_id        uuid REFERENCES grants (id),
    withdrawn_at    timestamptz,
    withdrawn_by    uuid REFERENCES users (id),
    CHECK ((paid_at IS NULL) = (expires_at IS NULL)),
    CHECK (redeemed_at IS NULL OR (paid_at IS NOT NULL AND withdrawn_at IS NULL))
);
CREATE INDEX gifts_buyer_id_idx ON gifts (buyer_id, created_at DESC);
CREATE INDEX gifts_created_at_idx ON gifts (created_at DESC, id DESC);
CREATE INDEX gifts_redeemed_by_idx ON gifts (redeemed_by);
CREATE INDEX gifts_due_idx ON gifts (deliver_at) WHERE paid_at IS NOT NULL AND mailed_at IS NULL AND recipient_email IS NOT NULL;
