-- Drafts of replies that are reviewed in a conversation: which messages are one (draft is
-- their own seq) or suggest another text for one, and what was said of each.

-- +goose Up
ALTER TABLE messages ADD COLUMN draft BIGINT NOT NULL DEFAULT 0 CHECK (draft >= 0);

CREATE TABLE reviews (
    ticket       BIGINT NOT NULL,
    seq          BIGINT NOT NULL,
    conversation BIGINT NOT NULL,
    draft        BIGINT NOT NULL,
    text_seq     BIGINT NOT NULL,
    by_who       TEXT   NOT NULL DEFAULT '',
    state        TEXT   NOT NULL CHECK (state IN ('approved', 'suggested', 'taken', 'dismissed')),
    state_seq    BIGINT NOT NULL,
    PRIMARY KEY (ticket, seq),
    FOREIGN KEY (ticket, seq) REFERENCES entries (ticket, seq),
    FOREIGN KEY (ticket, state_seq) REFERENCES entries (ticket, seq),
    FOREIGN KEY (ticket, draft) REFERENCES messages (ticket, seq)
);
CREATE INDEX reviews_draft ON reviews (ticket, draft);

-- +goose Down
SELECT 'a record of truth is not migrated down: restore a backup instead';
