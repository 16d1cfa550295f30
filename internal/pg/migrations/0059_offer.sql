-- +goose Up
-- What a plan costs less for whoever comes by a link: until a day, for so many.
CREATE TABLE offers (
    id               uuid PRIMARY KEY,
    slug             text NOT NULL,
    plan_id          uuid NOT NULL REFERENCES plans (id),
    price_key        text NOT NULL, -- '' is any price of the plan
    percent_off      bigint NOT NULL CHECK (percent_off BETWEEN 0 AND 100),
    amount_off_minor bigint NOT NULL CHECK (amount_off_minor >= 0),
    currency         text NOT NULL, -- of the amount, else ''
    duration         text NOT NULL CHECK (duration IN ('once', 'repeating', 'forever')),
    months           bigint NOT NULL CHECK ((months > 0) = (duration = 'repeating')),
    max_redemptions  bigint CHECK (max_redemptions > 0),
    stripe_coupon_id text, -- null: Stripe has not heard of it
    created_at       timestamptz NOT NULL,
    ends_at          timestamptz NOT NULL,
    closed_at        timestamptz,
    CONSTRAINT offers_slug_key UNIQUE (slug),
    CONSTRAINT offers_off_check CHECK ((percent_off > 0) <> (amount_off_minor > 0)),
    CONSTRAINT offers_currency_check CHECK ((currency <> '') = (amount_off_minor > 0))
);

-- Discounts that were given to subscriptions that run, written before Stripe is asked.
CREATE TABLE discounts (
    id              uuid PRIMARY KEY,
    user_id         uuid NOT NULL REFERENCES users (id),
    subscription_id uuid NOT NULL REFERENCES subscriptions (id),
    offer_id        uuid NOT NULL REFERENCES offers (id),
    given_by        uuid REFERENCES users (id),
    asked_at        timestamptz NOT NULL,
    given_at        timestamptz
);
CREATE UNIQUE INDEX discounts_asked_key ON discounts (subscription_id, offer_id) WHERE given_at IS NULL;
CREATE INDEX discounts_user_id_idx ON discounts (user_id);

ALTER TABLE checkouts ADD COLUMN offer_id uuid;
