-- +goose Up
-- Seats that an organisation pays for, by invoice. How many are used is counted here, under the lock of the row, and the
-- table itself refuses one too many.
CREATE TABLE sponsorships (
    id           uuid PRIMARY KEY,
    organisation text NOT NULL,
    seats        bigint NOT NULL,
    used         bigint NOT NULL,
    note         text NOT NULL, -- among those who run the community: the invoice, the contract
    ends_at      timestamptz, -- null: until somebody ends it
    ended_at     timestamptz,
    created_at   timestamptz NOT NULL,
    CONSTRAINT sponsorships_used_check CHECK (used BETWEEN 0 AND seats)
);
CREATE INDEX sponsorships_ends_at_idx ON sponsorships (ends_at) WHERE ended_at IS NULL;

-- Who speaks for the organisation: sees how many seats are used, and invites.
CREATE TABLE sponsor_contacts (
    sponsorship_id uuid NOT NULL REFERENCES sponsorships (id),
    user_id        uuid NOT NULL REFERENCES users (id),
    added_at       timestamptz NOT NULL,
    PRIMARY KEY (sponsorship_id, user_id)
);
CREATE INDEX sponsor_contacts_user_id_idx ON sponsor_contacts (user_id);

-- What the link carries is derived from the id and a key; it is not stored.
CREATE TABLE sponsor_invitations (
    id             uuid PRIMARY KEY,
    sponsorship_id uuid NOT NULL REFERENCES sponsorships (id),
    email          text, -- null: whoever has the link
    email_key      text,
    created_at     timestamptz NOT NULL,
    expires_at     timestamptz NOT NULL,
    mailed_at      timestamptz,
    used_at        timestamptz,
    CHECK ((email IS NULL) = (email_key IS NULL))
);
CREATE INDEX sponsor_invitations_sponsorship_id_idx ON sponsor_invitations (sponsorship_id);
CREATE INDEX sponsor_invitations_email_key_idx ON sponsor_invitations (email_key) WHERE email_key IS NOT NULL;

CREATE TABLE sponsor_seats (
    id             uuid PRIMARY KEY,
    sponsorship_id uuid NOT NULL REFERENCES sponsorships (id),
    user_id        uuid NOT NULL REFERENCES users (id),
    grant_id       uuid NOT NULL REFERENCES grants (id),
    taken_at       timestamptz NOT NULL,
    released_at    timestamptz,
    told_at        timestamptz, -- that the sponsorship has ended
    CONSTRAINT sponsor_seats_grant_id_key UNIQUE (grant_id)
);
CREATE UNIQUE INDEX sponsor_seats_one_key ON sponsor_seats (user_id) WHERE released_at IS NULL;
CREATE INDEX sponsor_seats_user_id_idx ON sponsor_seats (user_id);
CREATE INDEX sponsor_seats_sponsorship_id_idx ON sponsor_seats (sponsorship_id);
