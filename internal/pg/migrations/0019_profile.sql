-- +goose Up
-- What a text is searched and sorted by: without accents and signs, in small letters.
CREATE FUNCTION folded(words text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
RETURN btrim(regexp_replace(lower(regexp_replace(normalize(words, NFKD), '[\u0300-\u036f]', '', 'g')),
                            '[\x01-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f]+', ' ', 'g'));

-- What she tells of herself, and for each of it whom. Everybody with an account has a row.
CREATE TABLE profiles (
    user_id        uuid PRIMARY KEY REFERENCES users (id),
    name           text NOT NULL, -- copied from users by a trigger: search and order without a join
    listed         boolean NOT NULL DEFAULT true,
    headline       text NOT NULL DEFAULT '',
    story          text NOT NULL DEFAULT '',
    story_html     text NOT NULL DEFAULT '',
    render_version bigint NOT NULL DEFAULT 0,
    years_away     bigint,
    pronouns       text NOT NULL DEFAULT '',
    skills         text NOT NULL DEFAULT '', -- one a line
    goals          text NOT NULL DEFAULT '', -- one a line
    links          text NOT NULL DEFAULT '', -- one a line
    avatar         uuid, -- the version of her picture
    avatar_64      text NOT NULL DEFAULT '', -- keys into the blob store
    avatar_256     text NOT NULL DEFAULT '',
    avatar_512     text NOT NULL DEFAULT '',
    headline_for   text NOT NULL DEFAULT 'members' CHECK (headline_for IN ('only_me', 'my_cohorts', 'members')),
    story_for      text NOT NULL DEFAULT 'only_me' CHECK (story_for IN ('only_me', 'my_cohorts', 'members')),
    years_away_for text NOT NULL DEFAULT 'only_me' CHECK (years_away_for IN ('only_me', 'my_cohorts', 'members')),
    pronouns_for   text NOT NULL DEFAULT 'members' CHECK (pronouns_for IN ('only_me', 'my_cohorts', 'members')),
    skills_for     text NOT NULL DEFAULT 'members' CHECK (skills_for IN ('only_me', 'my_cohorts', 'members')),
    goals_for      text NOT NULL DEFAULT 'only_me' CHECK (goals_for IN ('only_me', 'my_cohorts', 'members')),
    links_for      text NOT NULL DEFAULT 'members' CHECK (links_for IN ('only_me', 'my_cohorts', 'members')),
    time_zone_for  text NOT NULL DEFAULT 'only_me' CHECK (time_zone_for IN ('only_me', 'my_cohorts', 'members')),
    avatar_for     text NOT NULL DEFAULT 'members' CHECK (avatar_for IN ('only_me', 'my_cohorts', 'members')),
    version        bigint NOT NULL DEFAULT 1,
    updated_at     timestamptz NOT NULL,
    name_key       text NOT NULL GENERATED ALWAYS AS (folded(name)) STORED,
    -- What each kind of viewer may find her by: made of the fields she shows them, so that what is hidden cannot be found.
    for_members    tsvector NOT NULL GENERATED ALWAYS AS (to_tsvector('simple', folded(name
        || CASE headline_for WHEN 'members' THEN ' ' || headline ELSE '' END
        || CASE skills_for WHEN 'members' THEN ' ' || skills ELSE '' END))) STORED,
    for_my_cohorts tsvector NOT NULL GENERATED ALWAYS AS (to_tsvector('simple', folded(
           CASE headline_for WHEN 'my_cohorts' THEN headline ELSE '' END
        || CASE skills_for WHEN 'my_cohorts' THEN ' ' || skills ELSE '' END))) STORED
);
CREATE INDEX profiles_name_key_user_id_idx ON profiles (name_key, user_id) WHERE listed;
CREATE INDEX profiles_for_members_idx ON profiles USING gin (for_members) WHERE listed;

INSERT INTO profiles (user_id, name, updated_at) SELECT id, display_name, updated_at FROM users;

-- +goose StatementBegin
CREATE FUNCTION users_name_to_profile() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state = 'deleted' THEN
        RETURN NULL; -- her profile is gone and stays so
    END IF;
    INSERT INTO profiles (user_id, name, updated_at) VALUES (NEW.id, NEW.display_name, NEW.updated_at)
    ON CONFLICT (user_id) DO UPDATE SET name = excluded.name;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER users_name_to_profile AFTER INSERT OR UPDATE OF display_name ON users
    FOR EACH ROW EXECUTE FUNCTION users_name_to_profile();

-- Who does not want to meet whom. In force both ways, known to user_id alone.
CREATE TABLE blocks (
    user_id    uuid NOT NULL REFERENCES users (id),
    blocked_id uuid NOT NULL REFERENCES users (id),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, blocked_id),
    CHECK (user_id <> blocked_id)
);
CREATE INDEX blocks_blocked_id_idx ON blocks (blocked_id);

-- The rule of blocks in one place: who does not exist for whom at a moment. What somebody with a role has blocked rests,
-- or who is led would lose what her coach says.
CREATE FUNCTION hidden_people(viewer uuid, moment timestamptz) RETURNS TABLE (person_id uuid) LANGUAGE sql STABLE AS $$
    SELECT b.blocked_id FROM blocks b
    WHERE b.user_id = viewer AND NOT EXISTS (SELECT 1 FROM held_roles r WHERE r.user_id = b.user_id AND (r.ends_at IS NULL OR r.ends_at > moment))
    UNION ALL
    SELECT b.user_id FROM blocks b
    WHERE b.blocked_id = viewer AND NOT EXISTS (SELECT 1 FROM held_roles r WHERE r.user_id = b.user_id AND (r.ends_at IS NULL OR r.ends_at > moment))
$$;
