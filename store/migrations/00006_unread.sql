-- How far people have read conversations. Nothing is written here when something is
-- said: what is unread follows from the position when somebody looks.

-- +goose Up
-- follows is 1 when the person has taken part, or has put the conversation back as unread.
CREATE TABLE read_positions (
    person       TEXT   NOT NULL REFERENCES people (id),
    ticket       BIGINT NOT NULL,
    conversation BIGINT NOT NULL,
    upto         BIGINT NOT NULL,
    follows      BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (person, ticket, conversation),
    FOREIGN KEY (ticket, conversation) REFERENCES conversations (ticket, seq)
);

CREATE INDEX conversations_starter ON conversations (starter) WHERE open = 1;
CREATE INDEX tickets_assignee ON tickets (assignee) WHERE assignee <> '' AND status <> 'solved' AND status <> 'closed';

-- +goose Down
SELECT 'a record of truth is not migrated down: restore a backup instead';
