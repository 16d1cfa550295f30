-- +goose NO TRANSACTION
-- +goose Up
-- Which topics somebody has written in, and what in them: for those who do not want to meet her.
CREATE INDEX CONCURRENTLY IF NOT EXISTS posts_author_id_topic_id_number_idx ON posts (author_id, topic_id, number) INCLUDE (space_id, state);
