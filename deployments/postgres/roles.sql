-- What the serving processes may do, so that not even a stolen connection can
-- rewrite the audit log or the membership ledger. Optional, for production.
--
-- Run it once as the role that migrates (it owns the tables and needs
-- CREATEROLE), after `conservatory migrate up`. Running it again changes
-- nothing. Tables of later migrations are covered; a later append-only table
-- needs its own REVOKE here.
--
--   psql "$OWNER_URL" --set ON_ERROR_STOP=1 --file deployments/postgres/roles.sql
--   psql "$OWNER_URL" --command "CREATE ROLE conservatory_serve LOGIN PASSWORD '…' IN ROLE conservatory_app"
--
-- serve and worker then take conservatory_serve in DATABASE_URL and leave
-- CONSERVATORY_MIGRATE unset; `migrate up` keeps the owner's. Do not give the
-- owner with `SET ROLE` to a serving process: RESET ROLE undoes that.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'conservatory_app') THEN
        CREATE ROLE conservatory_app NOLOGIN;
    END IF;
END $$;

GRANT USAGE ON SCHEMA public TO conservatory_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO conservatory_app;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO conservatory_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO conservatory_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO conservatory_app;

REVOKE UPDATE, DELETE ON audit_log, membership_ledger, fund_entries FROM conservatory_app;
REVOKE INSERT, UPDATE, DELETE ON goose_db_version, river_migration FROM conservatory_app;
-- The one way to shorten the audit log: what is older than two years.
GRANT EXECUTE ON FUNCTION forget_old_audit(integer) TO conservatory_app;
