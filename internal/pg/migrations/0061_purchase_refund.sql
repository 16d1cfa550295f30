-- +goose Up
-- That the money of a purchase is to go back, all of it: written before Stripe is asked.
ALTER TABLE purchases ADD COLUMN refund_asked_at timestamptz;
ALTER TABLE purchases ADD COLUMN refunded_at timestamptz;
ALTER TABLE purchases ADD COLUMN stripe_refund_id text NOT NULL DEFAULT '';
ALTER TABLE purchases ADD COLUMN refund_failure text NOT NULL DEFAULT ''; -- why Stripe does not
