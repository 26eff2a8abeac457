-- The words of names, by which people, accounts, groups and channels are found while
-- somebody types. Triggers say whose words are to be made anew, whoever changes a name;
-- words that no longer count are gone in the same moment.

-- +goose Up
-- A person has the words of their accounts, too; an account of its own here is nobody's.
-- People and groups have no surface and no workspace. Words compare by their bytes, so
-- that all that begin alike lie side by side.
CREATE TABLE names (
    kind      TEXT NOT NULL CHECK (kind IN ('person', 'account', 'group', 'channel')),
    word      TEXT COLLATE "C" NOT NULL,
    surface   TEXT NOT NULL,
    workspace TEXT NOT NULL,
    id        TEXT NOT NULL,
    pos       BIGINT NOT NULL, -- 0: the name begins with it
    PRIMARY KEY (kind, surface, workspace, id, word)
);
CREATE INDEX names_word ON names (kind, word, surface, workspace, id, pos);
CREATE TABLE names_todo (
    kind      TEXT NOT NULL,
    surface   TEXT NOT NULL,
    workspace TEXT NOT NULL,
    id        TEXT NOT NULL,
    PRIMARY KEY (kind, surface, workspace, id)
);
INSERT INTO names_todo SELECT 'person', '', '', id FROM people;
INSERT INTO names_todo SELECT 'account', surface, workspace, id FROM accounts;
INSERT INTO names_todo SELECT 'group', '', '', id FROM groups;
INSERT INTO names_todo SELECT 'channel', surface, workspace, id FROM channels;

-- The words go after whoever makes them anew has let go of the row, or theirs would stay.
-- +goose StatementBegin
CREATE FUNCTION name_stale(k TEXT, s TEXT, w TEXT, i TEXT) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF i IS NULL THEN RETURN; END IF;
    INSERT INTO names_todo VALUES (k, s, w, i) ON CONFLICT DO NOTHING;
    DELETE FROM names WHERE kind = k AND surface = s AND workspace = w AND id = i;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION one_named() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM name_stale(TG_ARGV[0], '', '', new.id); RETURN NULL; END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION channel_named() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM name_stale('channel', new.surface, new.workspace, new.id); RETURN NULL; END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION account_named() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM name_stale('account', old.surface, old.workspace, old.id);
        PERFORM name_stale('person', '', '', old.person);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM name_stale('account', new.surface, new.workspace, new.id);
        PERFORM name_stale('person', '', '', new.person);
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER people_named AFTER INSERT ON people FOR EACH ROW EXECUTE FUNCTION one_named('person');
CREATE TRIGGER people_renamed AFTER UPDATE OF name, email ON people FOR EACH ROW
    WHEN (old.name <> new.name OR old.email <> new.email) EXECUTE FUNCTION one_named('person');
CREATE TRIGGER accounts_named AFTER INSERT OR DELETE ON accounts FOR EACH ROW EXECUTE FUNCTION account_named();
CREATE TRIGGER accounts_renamed AFTER UPDATE OF name, email, person ON accounts FOR EACH ROW
    WHEN (old.name <> new.name OR old.email <> new.email OR old.person IS DISTINCT FROM new.person) EXECUTE FUNCTION account_named();
CREATE TRIGGER groups_named AFTER INSERT ON groups FOR EACH ROW EXECUTE FUNCTION one_named('group');
CREATE TRIGGER groups_renamed AFTER UPDATE OF name ON groups FOR EACH ROW
    WHEN (old.name <> new.name) EXECUTE FUNCTION one_named('group');
CREATE TRIGGER channels_named AFTER INSERT ON channels FOR EACH ROW EXECUTE FUNCTION channel_named();
CREATE TRIGGER channels_renamed AFTER UPDATE OF name ON channels FOR EACH ROW
    WHEN (old.name <> new.name) EXECUTE FUNCTION channel_named();

-- +goose Down
SELECT 'a record of truth is not migrated down: restore a backup instead';
