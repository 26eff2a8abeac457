-- The audit page looks at all entries by time, the newest first.

-- +goose Up
CREATE INDEX entries_at ON entries (at, ticket, seq);

-- +goose Down
SELECT 'a record of truth is not migrated down: restore a backup instead';
