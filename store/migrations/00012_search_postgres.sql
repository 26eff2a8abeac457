-- The words by which tickets and messages are found. They go with the content that
-- has them: whatever erases content erases its words.

-- +goose Up
CREATE TABLE search_docs (
    id           BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ticket       BIGINT NOT NULL,
    seq          BIGINT NOT NULL,
    conversation BIGINT NOT NULL,
    body_seq     BIGINT NOT NULL,
    words        TSVECTOR NOT NULL,
    UNIQUE (ticket, seq)
);
CREATE INDEX search_docs_words ON search_docs USING gin (words);
CREATE INDEX search_docs_body ON search_docs (ticket, body_seq);
-- +goose StatementBegin
CREATE FUNCTION contents_words_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM search_docs WHERE ticket = old.ticket AND body_seq = old.seq;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER contents_words_gone AFTER DELETE ON contents
    FOR EACH ROW EXECUTE FUNCTION contents_words_gone();

-- Tickets from before there was a search; they are indexed when the migration is done.
CREATE TABLE search_todo (ticket BIGINT PRIMARY KEY);
INSERT INTO search_todo (ticket) SELECT id FROM tickets;

-- +goose Down
SELECT 'a record of truth is not migrated down: restore a backup instead';
