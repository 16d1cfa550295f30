-- +goose Up
-- Who had a quote carried out, when it was not the member herself, and why.
ALTER TABLE quotes ADD COLUMN asked_by uuid;
ALTER TABLE quotes ADD COLUMN ask_reason text NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE quotes DROP COLUMN ask_reason;
ALTER TABLE quotes DROP COLUMN asked_by;
