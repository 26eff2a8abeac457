-- What was said in a thread before it was attached is no news to anybody.

-- +goose Up
-- attached is when a thread that people had begun was attached, 0 for never.
ALTER TABLE conversations ADD COLUMN attached BIGINT NOT NULL DEFAULT 0;
UPDATE conversations SET attached = COALESCE((SELECT MAX(e.at) FROM entries e
    WHERE e.ticket = conversations.ticket AND e.conversation = conversations.seq AND e.kind = 'thread.attached'), 0);

-- +goose Down
SELECT 'a record of truth is not migrated down: restore a backup instead';
