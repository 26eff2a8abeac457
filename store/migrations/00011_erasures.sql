-- Who was erased: what the proof of it names that no ticket's log does.

-- +goose Up
-- pseudonym is what stays of the name. done is 0 while tickets are still to be gone through.
CREATE TABLE erasures (
    person    TEXT PRIMARY KEY REFERENCES people (id),
    pseudonym TEXT   NOT NULL,
    by_person TEXT   NOT NULL,
    reason    TEXT   NOT NULL,
    began     BIGINT NOT NULL,
    done      BIGINT NOT NULL DEFAULT 0,
    tickets   TEXT   NOT NULL DEFAULT '[]'
);

-- +goose Down
SELECT 'a record of truth is not migrated down: restore a backup instead';
