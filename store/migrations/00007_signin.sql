-- Who is signed in where, and the second factor of people who sign in with a password.

-- +goose Up
-- A sign-in: a browser that somebody has signed in with and not yet left. A session
-- names its sign-in; without the row it is nobody's, which is how one is revoked.
CREATE TABLE sign_ins (
    id      TEXT PRIMARY KEY,
    person  TEXT NOT NULL REFERENCES people (id),
    way     TEXT NOT NULL,
    browser TEXT NOT NULL,
    network TEXT NOT NULL,
    began   BIGINT NOT NULL,
    seen    BIGINT NOT NULL,
    expires BIGINT NOT NULL
);
CREATE INDEX sign_ins_person ON sign_ins (person);
CREATE INDEX sign_ins_expires ON sign_ins (expires);

-- The secret of a person's codes. confirmed is 0 until they have shown that their
-- app has it; step is the last time step of which a code was taken.
CREATE TABLE two_factor (
    person    TEXT PRIMARY KEY REFERENCES people (id),
    secret    TEXT NOT NULL,
    confirmed BIGINT NOT NULL DEFAULT 0,
    step      BIGINT NOT NULL DEFAULT 0
);

-- Hashes of recovery codes that are not used yet.
CREATE TABLE recovery_codes (
    person TEXT NOT NULL REFERENCES people (id),
    hash   TEXT NOT NULL,
    PRIMARY KEY (person, hash)
);

-- +goose Down
SELECT 'a record of truth is not migrated down: restore a backup instead';
