-- +goose Up
CREATE TABLE programmes (
    id    uuid PRIMARY KEY,
    slug  text NOT NULL,
    title text NOT NULL,
    CONSTRAINT programmes_slug_key UNIQUE (slug)
);

-- Immutable once published.
CREATE TABLE programme_versions (
    id           uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes (id),
    number       bigint NOT NULL,
    state        text NOT NULL CHECK (state IN ('draft', 'published', 'retired')),
    published_at timestamptz,
    CONSTRAINT programme_versions_programme_id_number_key UNIQUE (programme_id, number)
);

-- lineage_id is the item across versions; what a member did hangs on it.
CREATE TABLE programme_items (
    id             uuid PRIMARY KEY,
    version_id     uuid NOT NULL REFERENCES programme_versions (id),
    lineage_id     uuid NOT NULL,
    module_lineage uuid, -- null: it is a module, or stands alone
    kind           text NOT NULL CHECK (kind IN ('module', 'lesson', 'milestone')),
    title          text NOT NULL,
    position       bigint NOT NULL,
    mandatory      boolean NOT NULL,
    minutes        bigint NOT NULL,
    release_days   bigint, -- after cohort start; null: with the cohort
    release_minute bigint NOT NULL CHECK (release_minute BETWEEN 0 AND 1439), -- of the day, wall clock of the cohort
    CONSTRAINT programme_items_version_id_lineage_id_key UNIQUE (version_id, lineage_id)
);

CREATE TABLE programme_prerequisites (
    item_id          uuid NOT NULL REFERENCES programme_items (id),
    requires_lineage uuid NOT NULL,
    PRIMARY KEY (item_id, requires_lineage)
);

CREATE TABLE cohorts (
    id                     uuid PRIMARY KEY,
    programme_id           uuid NOT NULL REFERENCES programmes (id),
    version_id             uuid NOT NULL REFERENCES programme_versions (id),
    name                   text NOT NULL,
    state                  text NOT NULL CHECK (state IN ('draft', 'open', 'closed', 'running', 'completed', 'cancelled')),
    time_zone              text NOT NULL,
    starts_on              date NOT NULL,
    ends_on                date NOT NULL,
    registration_opens_at  timestamptz,
    registration_closes_at timestamptz,
    capacity               bigint NOT NULL CHECK (capacity > 0),
    created_at             timestamptz NOT NULL,
    CHECK (ends_on >= starts_on)
);
CREATE INDEX cohorts_starts_on_idx ON cohorts (starts_on DESC, id DESC) WHERE state <> 'draft';

CREATE TABLE cohort_breaks (
    cohort_id uuid NOT NULL REFERENCES cohorts (id),
    from_on   date NOT NULL,
    to_on     date NOT NULL,
    PRIMARY KEY (cohort_id, from_on),
    CHECK (to_on >= from_on)
);

CREATE TABLE cohort_coaches (
    cohort_id uuid NOT NULL REFERENCES cohorts (id),
    user_id   uuid NOT NULL REFERENCES users (id),
    PRIMARY KEY (cohort_id, user_id)
);
CREATE INDEX cohort_coaches_user_id_idx ON cohort_coaches (user_id);

CREATE TABLE enrolments (
    id          uuid PRIMARY KEY,
    cohort_id   uuid NOT NULL REFERENCES cohorts (id),
    user_id     uuid NOT NULL REFERENCES users (id),
    attempt     bigint NOT NULL,
    state       text NOT NULL CHECK (state IN ('active', 'paused', 'completed', 'withdrawn')),
    enrolled_at timestamptz NOT NULL,
    ended_at    timestamptz,
    CONSTRAINT enrolments_cohort_id_user_id_attempt_key UNIQUE (cohort_id, user_id, attempt)
);
CREATE UNIQUE INDEX enrolments_one_live_key ON enrolments (cohort_id, user_id) WHERE state IN ('active', 'paused');
CREATE INDEX enrolments_user_id_idx ON enrolments (user_id);

CREATE TABLE enrolment_events (
    id           uuid PRIMARY KEY,
    enrolment_id uuid NOT NULL REFERENCES enrolments (id),
    from_state   text NOT NULL,
    to_state     text NOT NULL,
    actor_id     uuid REFERENCES users (id),
    at           timestamptz NOT NULL
);
CREATE INDEX enrolment_events_enrolment_id_idx ON enrolment_events (enrolment_id, at);

-- A row is a fact: when she met an item, and how. The date never changes.
CREATE TABLE item_progress (
    enrolment_id uuid NOT NULL REFERENCES enrolments (id),
    lineage_id   uuid NOT NULL,
    state        text NOT NULL CHECK (state IN ('met', 'waived')),
    met_at       timestamptz NOT NULL,
    met_how      text NOT NULL CHECK (met_how IN ('self', 'coach', 'auto', 'prior')),
    actor_id     uuid REFERENCES users (id),
    PRIMARY KEY (enrolment_id, lineage_id)
);
