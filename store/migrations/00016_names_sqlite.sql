-- The words of names, by which people, accounts, groups and channels are found while
-- somebody types. Triggers say whose words are to be made anew, whoever changes a name;
-- words that no longer count are gone in the same moment.

-- +goose Up
-- A person has the words of their accounts, too; an account of its own here is nobody's.
-- People and groups have no surface and no workspace.
CREATE TABLE names (
    kind      TEXT NOT NULL CHECK (kind IN ('person', 'account', 'group', 'channel')),
    word      TEXT NOT NULL,
    surface   TEXT NOT NULL,
    workspace TEXT NOT NULL,
    id        TEXT NOT NULL,
    pos       BIGINT NOT NULL, -- 0: the name begins with it
    PRIMARY KEY (kind, surface, workspace, id, word)
) WITHOUT ROWID;
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

-- What is written into the view is to be made anew.
CREATE VIEW names_stale AS SELECT kind, surface, workspace, id FROM names_todo;
-- +goose StatementBegin
CREATE TRIGGER names_stale_in INSTEAD OF INSERT ON names_stale
BEGIN
    INSERT INTO names_todo VALUES (new.kind, new.surface, new.workspace, new.id) ON CONFLICT DO NOTHING;
    DELETE FROM names WHERE kind = new.kind AND surface = new.surface AND workspace = new.workspace AND id = new.id;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER people_named AFTER INSERT ON people
BEGIN INSERT INTO names_stale VALUES ('person', '', '', new.id); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER people_renamed AFTER UPDATE OF name, email ON people WHEN old.name <> new.name OR old.email <> new.email
BEGIN INSERT INTO names_stale VALUES ('person', '', '', new.id); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER accounts_named AFTER INSERT ON accounts
BEGIN
    INSERT INTO names_stale VALUES ('account', new.surface, new.workspace, new.id);
    INSERT INTO names_stale SELECT 'person', '', '', new.person WHERE new.person IS NOT NULL;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER accounts_renamed AFTER UPDATE OF name, email, person ON accounts
WHEN old.name <> new.name OR old.email <> new.email OR old.person IS NOT new.person
BEGIN
    INSERT INTO names_stale VALUES ('account', new.surface, new.workspace, new.id);
    INSERT INTO names_stale SELECT 'person', '', '', old.person WHERE old.person IS NOT NULL;
    INSERT INTO names_stale SELECT 'person', '', '', new.person WHERE new.person IS NOT NULL AND new.person IS NOT old.person;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER accounts_unnamed AFTER DELETE ON accounts
BEGIN
    INSERT INTO names_stale VALUES ('account', old.surface, old.workspace, old.id);
    INSERT INTO names_stale SELECT 'person', '', '', old.person WHERE old.person IS NOT NULL;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER groups_named AFTER INSERT ON groups
BEGIN INSERT INTO names_stale VALUES ('group', '', '', new.id); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER groups_renamed AFTER UPDATE OF name ON groups WHEN old.name <> new.name
BEGIN INSERT INTO names_stale VALUES ('group', '', '', new.id); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER channels_named AFTER INSERT ON channels
BEGIN INSERT INTO names_stale VALUES ('channel', new.surface, new.workspace, new.id); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER channels_renamed AFTER UPDATE OF name ON channels WHEN old.name <> new.name
BEGIN INSERT INTO names_stale VALUES ('channel', new.surface, new.workspace, new.id); END;
-- +goose StatementEnd

-- +goose Down
SELECT 'a record of truth is not migrated down: restore a backup instead';
