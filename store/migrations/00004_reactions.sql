-- Reactions that are there now, threads found without their channel, and how far
-- adapters have followed their connections.

-- +goose Up
-- message is a message, or the mirror on whose card the reaction is a gesture.
CREATE TABLE reactions (
    ticket    BIGINT NOT NULL,
    message   BIGINT NOT NULL,
    surface   TEXT   NOT NULL,
    workspace TEXT   NOT NULL,
    account   TEXT   NOT NULL,
    emoji     TEXT   NOT NULL,
    seq       BIGINT NOT NULL,
    mirror    BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (ticket, message, surface, workspace, account, emoji),
    FOREIGN KEY (ticket, seq) REFERENCES entries (ticket, seq),
    FOREIGN KEY (ticket, message) REFERENCES entries (ticket, seq)
);

CREATE INDEX mirrors_by_thread ON mirrors (surface, workspace, thread) WHERE thread <> '';

CREATE TABLE positions (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- +goose Down
SELECT 'a record of truth is not migrated down: restore a backup instead';
