-- +goose Up
-- That members asked for their subscription to end, and why. Whether the end
-- stands is in subscriptions: Stripe knows it.
CREATE TABLE cancellations (
    id              uuid PRIMARY KEY,
    user_id         uuid NOT NULL REFERENCES users (id),
    subscription_id uuid NOT NULL REFERENCES subscriptions (id),
    reason          text NOT NULL,
    comment         text NOT NULL,
    asked_at        timestamptz NOT NULL,
    taken_back_at   timestamptz,
    CONSTRAINT cancellations_reason_check CHECK (reason IN ('', 'customer_service', 'low_quality', 'missing_features', 'other',
        'switched_service', 'too_complex', 'too_expensive', 'unused'))
);
CREATE UNIQUE INDEX cancellations_open_key ON cancellations (subscription_id) WHERE taken_back_at IS NULL;
CREATE INDEX cancellations_user_id_idx ON cancellations (user_id);

-- As they stand on the invoice, and where it can be read.
ALTER TABLE invoices ADD COLUMN number text NOT NULL DEFAULT '';
ALTER TABLE invoices ADD COLUMN pdf_url text NOT NULL DEFAULT '';
