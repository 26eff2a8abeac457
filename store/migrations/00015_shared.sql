-- Which messages quote comments of the ticket: those are not edited.

-- +goose Up
ALTER TABLE messages ADD COLUMN shares BIGINT NOT NULL DEFAULT 0 CHECK (shares IN (0, 1));

-- +goose Down
SELECT 'a record of truth is not migrated down: restore a backup instead';
