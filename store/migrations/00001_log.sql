-- The log and its current-state rows. One text for SQLite and Postgres: types are
-- BIGINT, TEXT and BLOB/BYTEA ({{blob}}), times integer microseconds UTC, booleans 0 or 1.

-- +goose Up
CREATE TABLE tickets (
    id         BIGINT PRIMARY KEY,
    head       BIGINT NOT NULL DEFAULT 0,
    head_hash  {{blob}},
    desk       TEXT   NOT NULL DEFAULT '',
    desk_ref   TEXT   NOT NULL DEFAULT '',
    status     TEXT   NOT NULL DEFAULT '',
    assignee   TEXT   NOT NULL DEFAULT '',
    priority   TEXT   NOT NULL DEFAULT '',
    grp        TEXT   NOT NULL DEFAULT '',
    tags       TEXT   NOT NULL DEFAULT '[]',
    created    BIGINT NOT NULL DEFAULT 0,
    updated_at BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX tickets_desk_ref ON tickets (desk, desk_ref) WHERE desk_ref <> '';
CREATE INDEX tickets_updated ON tickets (updated_at);

-- One row per counter; the next ticket number is drawn under its row lock.
CREATE TABLE counters (
    name TEXT PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO counters (name, value) VALUES ('ticket', 0);

CREATE TABLE entries (
    ticket       BIGINT NOT NULL REFERENCES tickets (id),
    seq          BIGINT NOT NULL,
    kind         TEXT   NOT NULL,
    at           BIGINT NOT NULL,
    conversation BIGINT NOT NULL DEFAULT 0,
    envelope     TEXT   NOT NULL,
    commitment   {{blob}},
    hash         {{blob}} NOT NULL,
    PRIMARY KEY (ticket, seq)
);
CREATE INDEX entries_conversation ON entries (ticket, conversation, seq);

CREATE TABLE contents (
    ticket BIGINT NOT NULL,
    seq    BIGINT NOT NULL,
    salt   {{blob}} NOT NULL,
    bytes  {{blob}} NOT NULL,
    PRIMARY KEY (ticket, seq),
    FOREIGN KEY (ticket, seq) REFERENCES entries (ticket, seq)
);

CREATE TABLE conversations (
    ticket    BIGINT NOT NULL,
    seq       BIGINT NOT NULL,
    open      INTEGER NOT NULL,
    grp       TEXT   NOT NULL DEFAULT '',
    starter   TEXT   NOT NULL DEFAULT '',
    state_seq BIGINT NOT NULL,
    messages  BIGINT NOT NULL DEFAULT 0,
    last_seq  BIGINT NOT NULL,
    PRIMARY KEY (ticket, seq),
    FOREIGN KEY (ticket, seq) REFERENCES entries (ticket, seq)
);
CREATE INDEX conversations_open ON conversations (ticket) WHERE open = 1;

CREATE TABLE messages (
    ticket       BIGINT NOT NULL,
    seq          BIGINT NOT NULL,
    conversation BIGINT NOT NULL,
    body_seq     BIGINT NOT NULL,
    deleted_seq  BIGINT NOT NULL DEFAULT 0,
    author       TEXT   NOT NULL DEFAULT '',
    surface      TEXT   NOT NULL DEFAULT '',
    ord          TEXT   NOT NULL DEFAULT '',
    PRIMARY KEY (ticket, seq),
    FOREIGN KEY (ticket, seq) REFERENCES entries (ticket, seq),
    FOREIGN KEY (ticket, conversation) REFERENCES conversations (ticket, seq)
);
CREATE INDEX messages_conversation ON messages (ticket, conversation, seq);

CREATE TABLE mirrors (
    ticket       BIGINT NOT NULL,
    seq          BIGINT NOT NULL,
    conversation BIGINT NOT NULL,
    surface      TEXT   NOT NULL,
    workspace    TEXT   NOT NULL,
    channel      TEXT   NOT NULL,
    rule         TEXT   NOT NULL DEFAULT '',
    thread       TEXT   NOT NULL DEFAULT '',
    cursor       BIGINT NOT NULL,
    head         BIGINT NOT NULL,
    seen         TEXT   NOT NULL DEFAULT '',
    parked       TEXT   NOT NULL DEFAULT '',
    remedy       TEXT   NOT NULL DEFAULT '',
    due          BIGINT NOT NULL DEFAULT 0,
    attempts     BIGINT NOT NULL DEFAULT 0,
    error        TEXT   NOT NULL DEFAULT '',
    delivered_at BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (ticket, seq),
    FOREIGN KEY (ticket, seq) REFERENCES entries (ticket, seq),
    CHECK (cursor <= head),
    CHECK (parked <> '' OR remedy = '')
);
CREATE UNIQUE INDEX mirrors_thread ON mirrors (surface, workspace, channel, thread) WHERE thread <> '';
CREATE INDEX mirrors_behind ON mirrors (surface, workspace, due) WHERE cursor < head AND parked = '';
CREATE INDEX mirrors_unlisted ON mirrors (surface, workspace) WHERE thread <> '' AND seen = '';
CREATE INDEX mirrors_parked ON mirrors (surface, workspace, channel) WHERE parked <> '';

CREATE TABLE copies (
    surface   TEXT   NOT NULL,
    workspace TEXT   NOT NULL,
    channel   TEXT   NOT NULL,
    ref       TEXT   NOT NULL,
    ticket    BIGINT NOT NULL,
    seq       BIGINT NOT NULL,
    message   BIGINT NOT NULL DEFAULT 0,
    mirror    BIGINT NOT NULL,
    part      BIGINT NOT NULL DEFAULT 0,
    entry     BIGINT NOT NULL DEFAULT 0,
    token     TEXT   NOT NULL DEFAULT '',
    rev       TEXT   NOT NULL DEFAULT '',
    gone      INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (surface, workspace, channel, ref),
    FOREIGN KEY (ticket, seq) REFERENCES entries (ticket, seq)
);
CREATE INDEX copies_message ON copies (ticket, mirror, message);
CREATE INDEX copies_token ON copies (token) WHERE token <> '';

-- A call that was begun and that its mirror's cursor has not passed yet.
CREATE TABLE deliveries (
    ticket   BIGINT NOT NULL,
    mirror   BIGINT NOT NULL,
    seq      BIGINT NOT NULL,
    part     BIGINT NOT NULL,
    token    TEXT   NOT NULL,
    begun_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0,
    verb     TEXT   NOT NULL,
    root     INTEGER NOT NULL DEFAULT 0,
    message  BIGINT NOT NULL DEFAULT 0,
    ref      TEXT   NOT NULL DEFAULT '',
    last     INTEGER NOT NULL DEFAULT 0,
    memo     TEXT   NOT NULL DEFAULT '',
    resent   INTEGER NOT NULL DEFAULT 0,
    done     INTEGER NOT NULL DEFAULT 0,
    rejected TEXT   NOT NULL DEFAULT '',
    PRIMARY KEY (ticket, mirror, seq, part),
    FOREIGN KEY (ticket, mirror) REFERENCES mirrors (ticket, seq)
);
CREATE UNIQUE INDEX deliveries_token ON deliveries (token);

CREATE TABLE files (
    ticket    BIGINT NOT NULL,
    message   BIGINT NOT NULL,
    n         BIGINT NOT NULL,
    state     TEXT   NOT NULL CHECK (state IN ('pending', 'stored', 'failed')),
    mime      TEXT   NOT NULL DEFAULT '',
    size      BIGINT NOT NULL DEFAULT 0,
    hash      TEXT   NOT NULL DEFAULT '',
    ref       TEXT   NOT NULL DEFAULT '',
    surface   TEXT   NOT NULL DEFAULT '',
    workspace TEXT   NOT NULL DEFAULT '',
    channel   TEXT   NOT NULL DEFAULT '',
    seq       BIGINT NOT NULL,
    attempts  BIGINT NOT NULL DEFAULT 0,
    due       BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (ticket, message, n),
    FOREIGN KEY (ticket, seq) REFERENCES entries (ticket, seq)
);
CREATE INDEX files_pending ON files (surface, workspace, due) WHERE state = 'pending';

-- The bytes of files, by content, in chunks of at most 1 MiB.
CREATE TABLE blobs (
    hash TEXT   NOT NULL,
    n    BIGINT NOT NULL,
    size BIGINT NOT NULL,
    bytes {{blob}} NOT NULL,
    PRIMARY KEY (hash, n)
);

-- Idempotency keys of requests and gestures.
CREATE TABLE keys (
    key    TEXT PRIMARY KEY,
    ticket BIGINT NOT NULL,
    seq    BIGINT NOT NULL
);

CREATE TABLE leases (
    name    TEXT PRIMARY KEY,
    holder  TEXT   NOT NULL,
    fence   BIGINT NOT NULL,
    expires BIGINT NOT NULL
);

-- Surfaces' workspaces that nothing can be sent to, and what to do about it.
CREATE TABLE workspaces (
    surface    TEXT NOT NULL,
    workspace  TEXT NOT NULL,
    blocked    TEXT NOT NULL DEFAULT '',
    remedy     TEXT NOT NULL DEFAULT '',
    since      BIGINT NOT NULL DEFAULT 0,
    caught_up  BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (surface, workspace)
);

-- What could not be accepted, raw, for an admin to look at.
CREATE TABLE quarantine (
    id      TEXT PRIMARY KEY,
    at      BIGINT NOT NULL,
    surface TEXT NOT NULL,
    reason  TEXT NOT NULL,
    raw     {{blob}} NOT NULL
);

-- +goose Down
SELECT 'a record of truth is not migrated down: restore a backup instead';
