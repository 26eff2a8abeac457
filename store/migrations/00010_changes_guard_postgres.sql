-- The record of changed settings is append-only, as the log is.

-- +goose Up
-- +goose StatementBegin
CREATE FUNCTION changes_are_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was changed stays on record';
END $$;
-- +goose StatementEnd
CREATE TRIGGER changes_final BEFORE UPDATE OR DELETE OR TRUNCATE ON changes
    FOR EACH STATEMENT EXECUTE FUNCTION changes_are_final();

-- +goose Down
SELECT 'a record of truth is not migrated down: restore a backup instead';
