-- +goose Up
-- Files of pictures that no profile shows: not yet, or not any more. A file is
-- named here or by a profile as long as there is one; a job deletes both when
-- the time is over.
CREATE TABLE avatar_files (
    id         uuid PRIMARY KEY, -- the version of the picture
    user_id    uuid NOT NULL REFERENCES users (id),
    file_64    text NOT NULL,
    file_256   text NOT NULL,
    file_512   text NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX avatar_files_expires_at_idx ON avatar_files (expires_at);
CREATE INDEX avatar_files_user_id_idx ON avatar_files (user_id);
