-- The record of changed settings is append-only, as the log is.

-- +goose Up
-- +goose StatementBegin
CREATE TRIGGER changes_unchanged BEFORE UPDATE ON changes
BEGIN SELECT RAISE(ABORT, 'what was changed stays on record'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER changes_kept BEFORE DELETE ON changes
BEGIN SELECT RAISE(ABORT, 'what was changed stays on record'); END;
-- +goose StatementEnd

-- +goose Down
SELECT 'a record of truth is not migrated down: restore a backup instead';
