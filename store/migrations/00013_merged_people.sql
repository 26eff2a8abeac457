-- People who turned out to be one.

-- +goose Up
-- merged_into is the person that this one was merged into, or ''. What they did before
-- keeps their id.
ALTER TABLE people ADD COLUMN merged_into TEXT NOT NULL DEFAULT '';

-- +goose Down
SELECT 'a record of truth is not migrated down: restore a backup instead';
