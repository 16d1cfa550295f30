-- +goose Up
CREATE TABLE plans (
    id                uuid PRIMARY KEY,
    slug              text NOT NULL,
    name              text NOT NULL,
    description       text NOT NULL,
    benefits          text NOT NULL, -- one a line
    position          bigint NOT NULL,
    state             text NOT NULL CHECK (state IN ('public', 'hidden', 'archived')),
    stripe_product_id text,
    created_at        timestamptz NOT NULL,
    CONSTRAINT plans_slug_key UNIQUE (slug),
    CONSTRAINT plans_stripe_product_id_key UNIQUE (stripe_product_id)
);

CREATE TABLE prices (
    id              uuid PRIMARY KEY,
    plan_id         uuid NOT NULL REFERENCES plans (id),
    key             text NOT NULL,
    "interval"      text NOT NULL CHECK ("interval" IN ('month', 'year')),
    interval_count  bigint NOT NULL CHECK (interval_count > 0),
    amount_minor    bigint NOT NULL CHECK (amount_minor >= 0),
    currency        text NOT NULL CHECK (currency ~ '^[a-z]{3}$'),
    trial_days      bigint NOT NULL CHECK (trial_days >= 0),
    state           text NOT NULL CHECK (state IN ('public', 'archived')),
    stripe_price_id text,
    created_at      timestamptz NOT NULL,
    CONSTRAINT prices_stripe_price_id_key UNIQUE (stripe_price_id)
);
CREATE UNIQUE INDEX prices_plan_id_key_key ON prices (plan_id, key) WHERE state = 'public';

-- What Stripe says, one row a subscription; written by re-fetch, never by payload.
CREATE TABLE subscriptions (
    id                   uuid PRIMARY KEY,
    user_id              uuid NOT NULL REFERENCES users (id),
    stripe_id            text NOT NULL,
    plan_id              uuid REFERENCES plans (id),
    price_id             uuid REFERENCES prices (id),
    status               text NOT NULL CHECK (status IN ('incomplete', 'incomplete_expired', 'trialing', 'active',
                                                         'past_due', 'unpaid', 'paused', 'canceled')),
    amount_minor         bigint NOT NULL, -- of one interval, all items and quantities
    annual_minor         numeric NOT NULL, -- the same, annualised exactly
    currency             text NOT NULL CHECK (currency ~ '^[a-z]{3}$'),
    "interval"           text NOT NULL,
    interval_count       bigint NOT NULL,
    current_period_start timestamptz,
    current_period_end   timestamptz,
    cancel_at            timestamptz,
    cancel_at_period_end boolean NOT NULL,
    collection_paused    boolean NOT NULL,
    canceled_at          timestamptz,
    ended_at             timestamptz,
    trial_end            timestamptz,
    cancellation_reason  text NOT NULL,
    pay_url              text NOT NULL, -- of the open invoice, or empty
    started_at           timestamptz NOT NULL,
    updated_at           timestamptz NOT NULL,
    CONSTRAINT subscriptions_stripe_id_key UNIQUE (stripe_id)
);
CREATE INDEX subscriptions_user_id_idx ON subscriptions (user_id);

CREATE TABLE grants (
    id         uuid PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users (id),
    kind       text NOT NULL CHECK (kind IN ('comp', 'gift', 'scholarship')),
    level      text NOT NULL CHECK (level IN ('read_only', 'full')),
    starts_at  timestamptz NOT NULL,
    ends_at    timestamptz,
    reason     text NOT NULL,
    granted_by uuid REFERENCES users (id),
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE INDEX grants_user_id_idx ON grants (user_id);

CREATE TABLE bans (
    id         uuid PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users (id),
    reason     text NOT NULL,
    banned_by  uuid REFERENCES users (id),
    starts_at  timestamptz NOT NULL,
    ends_at    timestamptz,
    lifted_at  timestamptz,
    created_at timestamptz NOT NULL
);
CREATE INDEX bans_user_id_idx ON bans (user_id);

-- The answer of the access function, kept for the read path. No row: no access.
CREATE TABLE member_access (
    user_id    uuid PRIMARY KEY REFERENCES users (id),
    level      text NOT NULL CHECK (level IN ('none', 'read_only', 'full')),
    reason     text NOT NULL CHECK (reason IN ('none', 'subscription', 'trial', 'grant', 'paused', 'banned')),
    until      timestamptz,
    notice     text NOT NULL CHECK (notice IN ('', 'payment_failed', 'ends_soon', 'trial_ends')),
    pay_url    text NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX member_access_until_idx ON member_access (until) WHERE until IS NOT NULL;

-- Append-only. Each series is the running sum of its deltas: annualised minor units per member and currency.
CREATE TABLE membership_ledger (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id         uuid NOT NULL REFERENCES users (id),
    subscription_id uuid NOT NULL REFERENCES subscriptions (id),
    plan_id         uuid REFERENCES plans (id),
    series          text NOT NULL CHECK (series IN ('mrr', 'at_risk', 'ending', 'trial', 'paused')),
    currency        text NOT NULL CHECK (currency ~ '^[a-z]{3}$'),
    annual_delta    numeric NOT NULL CHECK (annual_delta <> 0),
    effective_at    timestamptz NOT NULL,
    recorded_at     timestamptz NOT NULL,
    source          text NOT NULL, -- event id, or what found it
    reason          text NOT NULL
);
CREATE INDEX membership_ledger_series_idx ON membership_ledger (series, currency, effective_at) INCLUDE (user_id, annual_delta);
CREATE INDEX membership_ledger_user_id_idx ON membership_ledger (user_id, series, effective_at);

-- +goose StatementBegin
CREATE FUNCTION membership_ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'membership_ledger is append-only';
END $$;
-- +goose StatementEnd
CREATE TRIGGER membership_ledger_append_only BEFORE UPDATE OR DELETE ON membership_ledger
    FOR EACH ROW EXECUTE FUNCTION membership_ledger_is_append_only();
