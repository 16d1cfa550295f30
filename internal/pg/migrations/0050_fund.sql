-- +goose Up
ALTER TABLE purchases DROP CONSTRAINT purchases_purpose_check;
ALTER TABLE purchases ADD CONSTRAINT purchases_purpose_check CHECK (purpose IN ('gift', 'donation', 'pay_it_forward', 'membership')) NOT VALID;

-- Money that pays for months of members. The balance is the sum of the entries, and never below nothing.
CREATE TABLE funds (
    id            uuid PRIMARY KEY,
    name          text NOT NULL,
    description   text NOT NULL,
    currency      text NOT NULL CHECK (currency ~ '^[a-z]{3}$'),
    balance_minor bigint NOT NULL,
    state         text NOT NULL CHECK (state IN ('open', 'closed')),
    created_at    timestamptz NOT NULL,
    CONSTRAINT funds_balance_minor_check CHECK (balance_minor >= 0)
);

-- What she tells us is read by her and by who decides.
CREATE TABLE scholarship_applications (
    id         uuid PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users (id),
    months     bigint NOT NULL CHECK (months BETWEEN 1 AND 24), -- that she asks for
    situation  text NOT NULL,
    hope       text NOT NULL,
    state      text NOT NULL CHECK (state IN ('open', 'waitlisted', 'awarded', 'not_this_time', 'withdrawn')),
    created_at timestamptz NOT NULL,
    decided_at timestamptz,
    decided_by uuid REFERENCES users (id),
    told       text NOT NULL, -- to her
    note       text NOT NULL  -- among those who decide
);
CREATE UNIQUE INDEX scholarship_applications_one_open_key ON scholarship_applications (user_id) WHERE state IN ('open', 'waitlisted');
CREATE INDEX scholarship_applications_user_id_idx ON scholarship_applications (user_id);
CREATE INDEX scholarship_applications_created_at_idx ON scholarship_applications (created_at, id);

CREATE TABLE awards (
    id             uuid PRIMARY KEY,
    fund_id        uuid NOT NULL REFERENCES funds (id),
    application_id uuid REFERENCES scholarship_applications (id) ON DELETE SET NULL,
    user_id        uuid NOT NULL REFERENCES users (id),
    grant_id       uuid NOT NULL REFERENCES grants (id),
    months         bigint NOT NULL CHECK (months BETWEEN 1 AND 24),
    reserved_minor bigint NOT NULL CHECK (reserved_minor > 0),
    returned_minor bigint NOT NULL CHECK (returned_minor BETWEEN 0 AND reserved_minor),
    starts_at      timestamptz NOT NULL,
    ends_at        timestamptz NOT NULL,
    created_at     timestamptz NOT NULL,
    ended_at       timestamptz, -- early
    ended_because  text NOT NULL,
    CONSTRAINT awards_grant_id_key UNIQUE (grant_id)
);
CREATE INDEX awards_fund_id_idx ON awards (fund_id);
CREATE INDEX awards_user_id_idx ON awards (user_id);
CREATE INDEX awards_application_id_idx ON awards (application_id);

-- Append-only.
CREATE TABLE fund_entries (
    id           uuid PRIMARY KEY,
    fund_id      uuid NOT NULL REFERENCES funds (id),
    kind         text NOT NULL CHECK (kind IN ('donation', 'pay_it_forward', 'deposit', 'return', 'award', 'withdrawal')),
    amount_minor bigint NOT NULL,
    purchase_id  uuid REFERENCES purchases (id),
    award_id     uuid REFERENCES awards (id),
    made_by      uuid REFERENCES users (id),
    note         text NOT NULL,
    created_at   timestamptz NOT NULL,
    CONSTRAINT fund_entries_purchase_id_key UNIQUE (purchase_id),
    CONSTRAINT fund_entries_award_id_key UNIQUE (award_id, kind),
    CONSTRAINT fund_entries_sign_check CHECK ((kind IN ('award', 'withdrawal')) = (amount_minor < 0) AND amount_minor <> 0)
);
CREATE INDEX fund_entries_fund_id_idx ON fund_entries (fund_id, created_at DESC, id DESC);
