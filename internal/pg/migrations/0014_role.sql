-- +goose Up
-- A role everywhere and without end is a row of user_roles. What is for one
-- cohort or space alone, or ends, is here: a binary that knows nothing of
-- limits must not take it for a role without.
CREATE TABLE limited_roles (
    id         uuid PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users (id),
    role       text NOT NULL CHECK (role IN ('coach', 'moderator', 'admin')),
    cohort_id  uuid REFERENCES cohorts (id),
    space_id   uuid REFERENCES spaces (id),
    granted_by uuid REFERENCES users (id), -- null: the system
    granted_at timestamptz NOT NULL,
    ends_at    timestamptz,
    CONSTRAINT limited_roles_scope_check CHECK (cohort_id IS NULL OR space_id IS NULL),
    CONSTRAINT limited_roles_admin_check CHECK (role <> 'admin' OR (cohort_id IS NULL AND space_id IS NULL)),
    CONSTRAINT limited_roles_limit_check CHECK (cohort_id IS NOT NULL OR space_id IS NOT NULL OR ends_at IS NOT NULL)
);
CREATE UNIQUE INDEX limited_roles_once_key ON limited_roles (user_id, role, coalesce(cohort_id, space_id, '00000000-0000-0000-0000-000000000000'));

ALTER TABLE user_roles ADD COLUMN id uuid;
UPDATE user_roles SET id = gen_random_uuid();
ALTER TABLE user_roles ALTER COLUMN id SET DEFAULT gen_random_uuid();

-- Every role with its limits; the label is role, role@cohort:id or
-- role@space:id. Readers leave out what has ended.
CREATE VIEW held_roles WITH (security_invoker = true) AS
SELECT id, user_id, role, NULL::uuid AS cohort_id, NULL::uuid AS space_id, granted_by, granted_at, NULL::timestamptz AS ends_at, role AS label
FROM user_roles
UNION ALL
SELECT id, user_id, role, cohort_id, space_id, granted_by, granted_at, ends_at,
       role || coalesce('@cohort:' || cohort_id, '@space:' || space_id, '')
FROM limited_roles;

-- What the one who acted was at that time; null before this was kept.
ALTER TABLE audit_log ADD COLUMN actor_roles text;
