-- +goose Up
-- Not even a row that is old is deleted in passing: the function opens the door
-- for its own statement, and the trigger asks for both.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION audit_log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.at < now() - interval '2 years' AND current_setting('conservatory.forgets_audit', true) = 'yes' THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION 'audit_log is append-only';
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION forget_old_audit(at_most integer) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    gone bigint;
BEGIN
    PERFORM set_config('conservatory.forgets_audit', 'yes', true);
    DELETE FROM public.audit_log WHERE id IN (
        SELECT id FROM public.audit_log WHERE at < now() - interval '2 years' ORDER BY at, id LIMIT at_most
    );
    GET DIAGNOSTICS gone = ROW_COUNT;
    PERFORM set_config('conservatory.forgets_audit', '', true);
    RETURN gone;
END $$;
-- +goose StatementEnd
-- deployments/postgres/roles.sql may have been run long ago.
-- +goose StatementBegin
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'conservatory_app') THEN
        GRANT EXECUTE ON FUNCTION forget_old_audit(integer) TO conservatory_app;
    END IF;
END $$;
-- +goose StatementEnd
