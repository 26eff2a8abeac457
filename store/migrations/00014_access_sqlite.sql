-- Who read what, and when. Like the log it is only ever added to; what is older than
-- the installation keeps it may go, and access_kept says since when all of it is there.

-- +goose Up
CREATE TABLE accesses (
    id           TEXT PRIMARY KEY,
    at           BIGINT NOT NULL,
    span         BIGINT NOT NULL,
    person       TEXT NOT NULL,
    role         TEXT NOT NULL,
    name         TEXT NOT NULL,
    surface      TEXT NOT NULL,
    workspace    TEXT NOT NULL,
    account      TEXT NOT NULL,
    way          TEXT NOT NULL,
    ticket       BIGINT NOT NULL,
    conversation BIGINT NOT NULL,
    item         TEXT NOT NULL,
    UNIQUE (ticket, conversation, item, way, person, surface, workspace, account, span)
);
CREATE INDEX accesses_at ON accesses (at, id);
CREATE INDEX accesses_person ON accesses (person, at, id);
CREATE INDEX accesses_ticket ON accesses (ticket, at, id);
CREATE TABLE access_kept (
    one   BIGINT PRIMARY KEY CHECK (one = 1),
    since BIGINT NOT NULL
);
INSERT INTO access_kept (one, since) VALUES (1, 0);

-- +goose StatementBegin
CREATE TRIGGER accesses_unchanged BEFORE UPDATE ON accesses
BEGIN SELECT RAISE(ABORT, 'who read what stays on record'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER accesses_kept BEFORE DELETE ON accesses
WHEN OLD.at >= COALESCE((SELECT since FROM access_kept), 0)
BEGIN SELECT RAISE(ABORT, 'who read what stays on record'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER access_kept_forward BEFORE UPDATE ON access_kept WHEN NEW.since < OLD.since OR NEW.one <> OLD.one
BEGIN SELECT RAISE(ABORT, 'what was removed does not come back'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER access_kept_stays BEFORE DELETE ON access_kept
BEGIN SELECT RAISE(ABORT, 'since when readings are kept stays on record'); END;
-- +goose StatementEnd

-- +goose Down
SELECT 'a record of truth is not migrated down: restore a backup instead';
