-- +goose Up
CREATE TABLE spaces (
    id               uuid PRIMARY KEY,
    kind             text NOT NULL CHECK (kind IN ('global', 'cohort', 'staff')),
    cohort_id        uuid REFERENCES cohorts (id),
    slug             text NOT NULL,
    title            text NOT NULL,
    opens_at         timestamptz,
    read_only_at     timestamptz,
    topics_count     bigint NOT NULL,
    last_activity_at timestamptz,
    created_at       timestamptz NOT NULL,
    CONSTRAINT spaces_slug_key UNIQUE (slug),
    CHECK ((kind = 'cohort') = (cohort_id IS NOT NULL))
);
CREATE INDEX spaces_cohort_id_idx ON spaces (cohort_id) WHERE cohort_id IS NOT NULL;

CREATE TABLE topics (
    id                  uuid PRIMARY KEY,
    space_id            uuid NOT NULL REFERENCES spaces (id),
    author_id           uuid NOT NULL REFERENCES users (id),
    title               text NOT NULL,
    highest_post_number bigint NOT NULL, -- only grows
    posts_count         bigint NOT NULL, -- visible ones
    version             bigint NOT NULL,
    created_at          timestamptz NOT NULL,
    bumped_at           timestamptz NOT NULL,
    deleted_at          timestamptz
);
CREATE INDEX topics_space_id_bumped_at_id_idx ON topics (space_id, bumped_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX topics_author_id_idx ON topics (author_id, id DESC);

CREATE TABLE posts (
    id             uuid PRIMARY KEY,
    topic_id       uuid NOT NULL REFERENCES topics (id),
    space_id       uuid NOT NULL REFERENCES spaces (id), -- copied: access without a join
    author_id      uuid NOT NULL REFERENCES users (id),
    number         bigint NOT NULL,
    reply_to       bigint,
    body           text NOT NULL,
    html           text NOT NULL,
    render_version bigint NOT NULL,
    state          text NOT NULL CHECK (state IN ('visible', 'deleted')),
    version        bigint NOT NULL,
    created_at     timestamptz NOT NULL,
    edited_at      timestamptz,
    CONSTRAINT posts_topic_id_number_key UNIQUE (topic_id, number)
);
CREATE INDEX posts_author_id_idx ON posts (author_id, id DESC);

CREATE TABLE post_revisions (
    post_id    uuid NOT NULL REFERENCES posts (id),
    version    bigint NOT NULL,
    editor_id  uuid NOT NULL REFERENCES users (id),
    body       text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (post_id, version)
);

-- How far she has read. A topic without a row is new to her.
CREATE TABLE topic_reads (
    user_id          uuid NOT NULL REFERENCES users (id),
    topic_id         uuid NOT NULL REFERENCES topics (id),
    last_read_number bigint NOT NULL,
    updated_at       timestamptz NOT NULL,
    PRIMARY KEY (user_id, topic_id)
);
