-- Who takes part in a conversation and who is told of it become one record.

-- +goose Up
-- since is 0 for somebody who is only told of something, since they have the ticket or were
-- named. chat is the surface of the thread in which they wrote last, or ''.
-- told is the entry up to which they were told, or a call to tell them was begun; was is
-- what it was before that call. due is when to look whether there is something to tell,
-- begun when a call was begun whose outcome is not known, each 0 for never.
CREATE TABLE participants_and_told (
    ticket       BIGINT NOT NULL,
    conversation BIGINT NOT NULL,
    person       TEXT   NOT NULL CHECK (person <> ''),
    since        BIGINT NOT NULL DEFAULT 0,
    left_seq     BIGINT NOT NULL DEFAULT 0,
    chat         TEXT   NOT NULL DEFAULT '',
    told         BIGINT NOT NULL DEFAULT 0,
    was          BIGINT NOT NULL DEFAULT 0,
    due          BIGINT NOT NULL DEFAULT 0,
    begun        BIGINT NOT NULL DEFAULT 0,
    attempts     BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (ticket, conversation, person),
    FOREIGN KEY (ticket, conversation) REFERENCES conversations (ticket, seq)
);

-- Who was not told of before is told of what comes from here on.
INSERT INTO participants_and_told (ticket, conversation, person, since, left_seq, told)
SELECT p.ticket, p.conversation, p.person, p.since, p.left_seq, t.head FROM participants p JOIN tickets t ON t.id = p.ticket;

INSERT INTO participants_and_told (ticket, conversation, person, told, was, due, begun, attempts)
SELECT l.ticket, l.conversation, l.person, l.told, l.was, l.due, l.begun, l.attempts FROM listeners l WHERE l.person <> ''
ON CONFLICT (ticket, conversation, person) DO UPDATE SET
    told = excluded.told, was = excluded.was, due = excluded.due, begun = excluded.begun, attempts = excluded.attempts;

DROP TABLE listeners;
DROP TABLE participants;
ALTER TABLE participants_and_told RENAME TO participants;
CREATE INDEX participants_person ON participants (person) WHERE since > left_seq;
CREATE INDEX participants_due ON participants (due) WHERE due > 0;
CREATE INDEX participants_person_due ON participants (person) WHERE due > 0;
CREATE INDEX participants_begun ON participants (begun) WHERE begun > 0;

-- In which chat's thread they wrote is found from the logs when the migration is done.
INSERT INTO participants_todo (ticket) SELECT id FROM tickets WHERE true ON CONFLICT (ticket) DO NOTHING;

-- +goose Down
SELECT 'a record of truth is not migrated down: restore a backup instead';
