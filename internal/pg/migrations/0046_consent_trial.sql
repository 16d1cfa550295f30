-- +goose Up
-- To which version of the terms a member agreed when she went to pay. No
-- reference: a checkout is forgotten after a year, and this is not.
CREATE TABLE terms_consents (
    id          uuid PRIMARY KEY,
    user_id     uuid NOT NULL REFERENCES users (id),
    checkout_id uuid NOT NULL,
    version     text NOT NULL,
    agreed_at   timestamptz NOT NULL,
    CONSTRAINT terms_consents_checkout_id_version_key UNIQUE (checkout_id, version)
);
CREATE INDEX terms_consents_user_id_idx ON terms_consents (user_id);

-- Who has had the trial that everybody has once, whatever became of it.
CREATE TABLE trials (
    user_id uuid PRIMARY KEY REFERENCES users (id),
    used_at timestamptz NOT NULL
);
INSERT INTO trials (user_id, used_at) SELECT user_id, min(started_at) FROM subscriptions GROUP BY user_id;

-- Which addresses had it, of accounts that were erased: a keyed hash, and
-- nothing else of her.
CREATE TABLE trial_addresses (
    hash  text PRIMARY KEY,
    until timestamptz NOT NULL -- it is forgotten
);
CREATE INDEX trial_addresses_until_idx ON trial_addresses (until);

ALTER TABLE prices ADD COLUMN card_for_trial boolean NOT NULL DEFAULT true;
ALTER TABLE checkouts ADD COLUMN stripe_subscription_id text;
ALTER TABLE checkouts ADD COLUMN looked_at timestamptz; -- when Stripe was last asked how it went
