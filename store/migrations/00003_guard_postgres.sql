-- The log is append-only: the database itself refuses to change or remove an entry.

-- +goose Up
-- +goose StatementBegin
CREATE FUNCTION entries_are_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'entries are never changed or deleted';
END $$;
-- +goose StatementEnd
CREATE TRIGGER entries_final BEFORE UPDATE OR DELETE OR TRUNCATE ON entries
    FOR EACH STATEMENT EXECUTE FUNCTION entries_are_final();
-- +goose StatementBegin
CREATE FUNCTION contents_are_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'contents are never changed, only erased';
END $$;
-- +goose StatementEnd
CREATE TRIGGER contents_final BEFORE UPDATE ON contents
    FOR EACH STATEMENT EXECUTE FUNCTION contents_are_final();

-- +goose Down
SELECT 'a record of truth is not migrated down: restore a backup instead';
