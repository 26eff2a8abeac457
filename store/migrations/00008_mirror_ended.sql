-- Mirrors whose conversations an admin has moved to another channel.

-- +goose Up
-- ended is the entry since which the conversation goes on elsewhere, or zero.
ALTER TABLE mirrors ADD COLUMN ended BIGINT NOT NULL DEFAULT 0;

-- +goose Down
SELECT 'a record of truth is not migrated down: restore a backup instead';
