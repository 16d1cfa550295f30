-- +goose Up
-- What the link carries is derived from the id and a key; it is not stored.
CREATE TABLE invitations (
    id          uuid PRIMARY KEY,
    created_by  uuid REFERENCES users (id), -- null: an operator, at the command line
    email       text, -- null: whoever has the link
    email_key   text,
    plan        text NOT NULL, -- slug; empty: none in particular
    access_days bigint NOT NULL CHECK (access_days BETWEEN 0 AND 366),
    cohort_id   uuid REFERENCES cohorts (id),
    uses        bigint NOT NULL CHECK (uses > 0),
    used        bigint NOT NULL CHECK (used BETWEEN 0 AND uses),
    created_at  timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    revoked_at  timestamptz,
    CHECK ((email IS NULL) = (email_key IS NULL)),
    CHECK (email IS NULL OR uses = 1)
);
CREATE INDEX invitations_created_at_idx ON invitations (created_at DESC, id DESC);
CREATE INDEX invitations_created_by_idx ON invitations (created_by, created_at DESC);
CREATE INDEX invitations_email_key_idx ON invitations (email_key) WHERE email_key IS NOT NULL;

-- Who has said yes, each once.
CREATE TABLE invitation_redemptions (
    invitation_id uuid NOT NULL REFERENCES invitations (id) ON DELETE CASCADE,
    user_id       uuid NOT NULL REFERENCES users (id),
    redeemed_at   timestamptz NOT NULL,
    PRIMARY KEY (invitation_id, user_id)
);
CREATE INDEX invitation_redemptions_user_id_idx ON invitation_redemptions (user_id);

-- Each time somebody asked for the mail to be sent.
CREATE TABLE invitation_letters (
    id            uuid PRIMARY KEY,
    invitation_id uuid NOT NULL REFERENCES invitations (id) ON DELETE CASCADE,
    created_at    timestamptz NOT NULL,
    mailed_at     timestamptz
);
CREATE INDEX invitation_letters_invitation_id_idx ON invitation_letters (invitation_id);

-- The invitation that is redeemed when the address of a sign-up is confirmed.
ALTER TABLE signups ADD COLUMN invitation_id uuid;
