-- +goose Up
-- Accounts that are closed for a time, or until further notice. The reason is
-- for those who run the community; told is what she was told.
CREATE TABLE suspensions (
    id           uuid PRIMARY KEY,
    user_id      uuid NOT NULL REFERENCES users (id),
    reason       text NOT NULL,
    told         text NOT NULL,
    suspended_by uuid REFERENCES users (id), -- null: an operator
    starts_at    timestamptz NOT NULL,
    ends_at      timestamptz,
    lifted_at    timestamptz
);
CREATE UNIQUE INDEX suspensions_one_key ON suspensions (user_id) WHERE lifted_at IS NULL;
CREATE INDEX suspensions_ends_at_idx ON suspensions (ends_at) WHERE lifted_at IS NULL;

ALTER TABLE bans ADD COLUMN told text NOT NULL DEFAULT '';

-- The log forgets after two years, by the database's own clock. The function
-- is the only way there for a role that may not delete: it runs as its owner.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION audit_log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.at < now() - interval '2 years' THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION 'audit_log is append-only';
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION forget_old_audit(at_most integer) RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH gone AS (
        DELETE FROM public.audit_log WHERE id IN (
            SELECT id FROM public.audit_log WHERE at < now() - interval '2 years' ORDER BY at, id LIMIT at_most
        ) RETURNING id
    )
    SELECT count(*) FROM gone
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION forget_old_audit(integer) FROM PUBLIC;
