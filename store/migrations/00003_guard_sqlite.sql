-- The log is append-only: the database itself refuses to change or remove an entry.

-- +goose Up
-- +goose StatementBegin
CREATE TRIGGER entries_unchanged BEFORE UPDATE ON entries
BEGIN SELECT RAISE(ABORT, 'entries are never changed or deleted'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER entries_kept BEFORE DELETE ON entries
BEGIN SELECT RAISE(ABORT, 'entries are never changed or deleted'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER contents_unchanged BEFORE UPDATE ON contents
BEGIN SELECT RAISE(ABORT, 'contents are never changed, only erased'); END;
-- +goose StatementEnd

-- +goose Down
SELECT 'a record of truth is not migrated down: restore a backup instead';
