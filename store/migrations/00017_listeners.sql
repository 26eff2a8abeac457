-- People as readers of conversations who are told in a chat of their own.

-- +goose Up
-- told is the entry up to which they were told, or a call to tell them was begun; was is
-- what it was before that call. due is when to look whether there is something to tell,
-- begun when a call was begun whose outcome is not known, each 0 for never.
CREATE TABLE listeners (
    ticket       BIGINT NOT NULL,
    conversation BIGINT NOT NULL,
    person       TEXT   NOT NULL,
    told         BIGINT NOT NULL DEFAULT 0,
    was          BIGINT NOT NULL DEFAULT 0,
    due          BIGINT NOT NULL DEFAULT 0,
    begun        BIGINT NOT NULL DEFAULT 0,
    attempts     BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (ticket, conversation, person),
    FOREIGN KEY (ticket, conversation) REFERENCES conversations (ticket, seq)
);
CREATE INDEX listeners_due ON listeners (due) WHERE due > 0;
CREATE INDEX listeners_person ON listeners (person) WHERE due > 0;
CREATE INDEX listeners_begun ON listeners (begun) WHERE begun > 0;

-- What was said before is old news: who is in an open conversation is told from here on.
INSERT INTO listeners (ticket, conversation, person, told)
SELECT DISTINCT c.ticket, c.seq, m.author, c.last_seq FROM conversations c
JOIN messages m ON m.ticket = c.ticket AND m.conversation = c.seq
WHERE c.open = 1 AND m.author <> '' AND m.surface = 'web';

-- Why nobody can be told in a chat account, and what to do; both empty while it works.
ALTER TABLE accounts ADD COLUMN unreachable TEXT NOT NULL DEFAULT '';
ALTER TABLE accounts ADD COLUMN unreachable_remedy TEXT NOT NULL DEFAULT '';
ALTER TABLE accounts ADD COLUMN unreachable_at BIGINT NOT NULL DEFAULT 0;

-- +goose Down
SELECT 'a record of truth is not migrated down: restore a backup instead';
