-- Who takes part in a conversation, or did: since is the entry by which they do, left_seq
-- the one that removed them last, or 0. They take part when since > left_seq.

-- +goose Up
CREATE TABLE participants (
    ticket       BIGINT NOT NULL,
    conversation BIGINT NOT NULL,
    person       TEXT   NOT NULL CHECK (person <> ''),
    since        BIGINT NOT NULL,
    left_seq     BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (ticket, conversation, person),
    FOREIGN KEY (ticket, conversation) REFERENCES conversations (ticket, seq),
    FOREIGN KEY (ticket, since) REFERENCES entries (ticket, seq)
);
CREATE INDEX participants_person ON participants (person) WHERE since > left_seq;

-- Tickets from before; their participants are found from their logs when the migration
-- is done.
CREATE TABLE participants_todo (ticket BIGINT PRIMARY KEY);
INSERT INTO participants_todo (ticket) SELECT id FROM tickets;

-- +goose Down
SELECT 'a record of truth is not migrated down: restore a backup instead';
