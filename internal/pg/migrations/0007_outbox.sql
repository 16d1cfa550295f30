-- +goose Up
CREATE TABLE outbox_epoch (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    epoch  text NOT NULL
);
INSERT INTO outbox_epoch (epoch) VALUES (substr(md5(gen_random_uuid()::text), 1, 8));

-- Live events, hints without content. Read in the order (xid, id) and only below the oldest running transaction,
-- because ids are not handed out in the order of commits.
CREATE TABLE outbox (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid        xid8 NOT NULL DEFAULT pg_current_xact_id(),
    type       text NOT NULL,
    space_id   uuid, -- whoever sees this space, or
    user_id    uuid, -- this person
    payload    jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    CHECK (space_id IS NOT NULL OR user_id IS NOT NULL)
);
CREATE INDEX outbox_xid_id_idx ON outbox (xid, id);
CREATE INDEX outbox_created_at_idx ON outbox (created_at);

-- +goose StatementBegin
CREATE FUNCTION outbox_wakes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('outbox', '');
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER outbox_wakes AFTER INSERT ON outbox FOR EACH STATEMENT EXECUTE FUNCTION outbox_wakes();
