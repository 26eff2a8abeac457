-- What admins changed in the settings: who, when, what it was before and after.

-- +goose Up
CREATE TABLE changes (
    id       TEXT PRIMARY KEY,
    at       BIGINT NOT NULL,
    person   TEXT NOT NULL,
    name     TEXT NOT NULL,
    area     TEXT NOT NULL,
    subject  TEXT NOT NULL,
    was      TEXT NOT NULL,
    became   TEXT NOT NULL
);
CREATE INDEX changes_at ON changes (at, id);

-- +goose Down
SELECT 'a record of truth is not migrated down: restore a backup instead';
