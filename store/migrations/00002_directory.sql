-- People, their accounts on surfaces, groups, mapping rules, settings, sign-in.

-- +goose Up
CREATE TABLE people (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    email      TEXT NOT NULL DEFAULT '',
    role       TEXT NOT NULL CHECK (role IN ('expert', 'agent', 'admin')),
    password   TEXT NOT NULL DEFAULT '',
    disabled   INTEGER NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    settings   TEXT NOT NULL DEFAULT '{}'
);
CREATE UNIQUE INDEX people_email ON people (email) WHERE email <> '';

-- An identity: a person's account on a surface, or one seen there that nobody has linked yet.
CREATE TABLE accounts (
    surface   TEXT NOT NULL,
    workspace TEXT NOT NULL,
    id        TEXT NOT NULL,
    person    TEXT REFERENCES people (id),
    name      TEXT NOT NULL DEFAULT '',
    email     TEXT NOT NULL DEFAULT '',
    linked_by TEXT NOT NULL DEFAULT '',
    seen_at   BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (surface, workspace, id)
);
CREATE INDEX accounts_person ON accounts (person);

CREATE TABLE groups (
    id   TEXT PRIMARY KEY,
    name TEXT NOT NULL
);

CREATE TABLE group_members (
    grp    TEXT NOT NULL REFERENCES groups (id),
    person TEXT NOT NULL REFERENCES people (id),
    PRIMARY KEY (grp, person)
);

-- Mapping rules in order; body is the rule as JSON.
CREATE TABLE mapping_rules (
    id   TEXT PRIMARY KEY,
    pos  BIGINT NOT NULL,
    body TEXT NOT NULL
);

-- Channels that a surface has told us of: what a picker offers.
CREATE TABLE channels (
    surface   TEXT NOT NULL,
    workspace TEXT NOT NULL,
    id        TEXT NOT NULL,
    name      TEXT NOT NULL,
    private   INTEGER NOT NULL DEFAULT 0,
    external  INTEGER NOT NULL DEFAULT 0,
    archived  INTEGER NOT NULL DEFAULT 0,
    member    INTEGER NOT NULL DEFAULT 0,
    seen_at   BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (surface, workspace, id)
);
CREATE INDEX channels_name ON channels (name);

CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE sessions (
    token   TEXT PRIMARY KEY,
    data    {{blob}} NOT NULL,
    expires BIGINT NOT NULL
);
CREATE INDEX sessions_expires ON sessions (expires);

CREATE TABLE api_tokens (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    hash       TEXT NOT NULL UNIQUE,
    created_by TEXT NOT NULL REFERENCES people (id),
    created_at BIGINT NOT NULL,
    used_at    BIGINT NOT NULL DEFAULT 0
);

-- +goose Down
SELECT 'a record of truth is not migrated down: restore a backup instead';
