-- Conversations that only those who take part see, and people who see all of them to
-- answer for the record.

-- +goose Up
-- restricted is the entry since which a conversation is, or 0.
ALTER TABLE conversations ADD COLUMN restricted BIGINT NOT NULL DEFAULT 0;
ALTER TABLE people ADD COLUMN auditor INTEGER NOT NULL DEFAULT 0 CHECK (auditor IN (0, 1));
CREATE INDEX conversations_restricted ON conversations (ticket) WHERE restricted <> 0;

-- +goose Down
SELECT 'a record of truth is not migrated down: restore a backup instead';
