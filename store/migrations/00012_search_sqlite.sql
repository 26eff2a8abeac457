-- The words by which tickets and messages are found. They go with the content that
-- has them: whatever erases content erases its words.

-- +goose Up
CREATE TABLE search_docs (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    ticket       BIGINT NOT NULL,
    seq          BIGINT NOT NULL,
    conversation BIGINT NOT NULL,
    body_seq     BIGINT NOT NULL,
    UNIQUE (ticket, seq)
);
CREATE VIRTUAL TABLE search_words USING fts5(words, tokenize = 'ascii');
-- Deleted words leave the index's pages at once.
INSERT INTO search_words (search_words, rank) VALUES ('secure-delete', 1);
-- +goose StatementBegin
CREATE TRIGGER search_docs_gone AFTER DELETE ON search_docs
BEGIN DELETE FROM search_words WHERE rowid = old.id; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER contents_words_gone AFTER DELETE ON contents
BEGIN DELETE FROM search_docs WHERE ticket = old.ticket AND body_seq = old.seq; END;
-- +goose StatementEnd
CREATE INDEX search_docs_body ON search_docs (ticket, body_seq);

-- Tickets from before there was a search; they are indexed when the migration is done.
CREATE TABLE search_todo (ticket BIGINT PRIMARY KEY);
INSERT INTO search_todo (ticket) SELECT id FROM tickets;

-- +goose Down
SELECT 'a record of truth is not migrated down: restore a backup instead';
