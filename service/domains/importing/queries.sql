-- name: try_import_lock
-- One import at a time per campaign; the lock ends with the session, so that a dead import holds nothing.
SELECT pg_try_advisory_lock(hashtextextended($1::uuid::text, 7242302))

-- name: delete_dead_imports
-- Whoever holds the campaign's lock knows that no other import is under way: unfinished ones died.
DELETE FROM imports WHERE campaign_id = $1 AND finished_at IS NULL

-- name: insert_import
-- An import is under way.
INSERT INTO imports (campaign_id, started_at) VALUES ($1, $2) RETURNING import_id

-- name: create_staged_names
-- Hides the empty table whose shape it has; unseen by others, unlogged, and gone with the session.
CREATE TEMPORARY TABLE staged_names (LIKE public.staged_names)

-- name: create_staged_rejects
-- The same for rejects.
CREATE TEMPORARY TABLE staged_rejects (LIKE public.staged_rejects)

-- name: update_import_progress
-- How far it is, for those who watch.
UPDATE imports SET byte_count = $2, line_count = $3, rejected_count = $4 WHERE import_id = $1

-- name: allow_merge_memory
-- Sorting and deduplicating millions of names spills to disk, but not in small change.
SELECT set_config('work_mem', '64MB', true)

-- name: stage_earlier_names
-- Names of an earlier import come before all lines, in their order, and so keep their positions.
INSERT INTO staged_names (line, name)
SELECT n.position::bigint - 4294967296, n.name FROM names n WHERE n.set_id = $1

-- name: merge_names
-- Each name once, where it first stood, at dense positions from 0.
INSERT INTO names (set_id, position, name)
SELECT $1::integer, row_number() OVER (ORDER BY f.line) - 1, f.name
FROM (SELECT min(s.line) AS line, s.name FROM staged_names s GROUP BY s.name) AS f
ORDER BY f.line

-- name: merge_rejects
-- Kept with the import, for whoever mends the list.
INSERT INTO import_rejects (import_id, line, reason, text)
SELECT $1, s.line, s.reason, s.text FROM staged_rejects s

-- name: finish_import
-- The list is whole and merged.
UPDATE imports
SET
    byte_count = $2, line_count = $3, accepted_count = $4, duplicate_count = $5, rejected_count = $6, finished_at = $7
WHERE import_id = $1

-- name: delete_import
-- It was refused: nothing of it is left.
DELETE FROM imports WHERE import_id = $1

-- name: list_imports
-- Finished ones, and the one whose session still holds the campaign's lock; a row without either is a dead import's.
WITH key AS (SELECT hashtextextended($1::uuid::text, 7242302) AS value)
SELECT
    i.import_id, i.byte_count, i.line_count, i.accepted_count, i.duplicate_count, i.rejected_count, i.started_at,
    i.finished_at
FROM imports i
WHERE i.campaign_id = $1
  AND (i.finished_at IS NOT NULL OR EXISTS (
        SELECT FROM pg_locks l, key k, pg_database d
        WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted
          AND d.datname = current_database() AND l.database = d.oid
          AND ((l.classid::bigint << 32) | l.objid::bigint) = k.value
    ))
ORDER BY i.import_id DESC
LIMIT $2

-- name: find_import
-- A finished import of one campaign.
SELECT i.import_id FROM imports i WHERE i.import_id = $1 AND i.campaign_id = $2 AND i.finished_at IS NOT NULL

-- name: list_rejects
-- Rejected lines after a given one.
SELECT line, text, reason FROM import_rejects WHERE import_id = $1 AND line > $2 ORDER BY line LIMIT $3
