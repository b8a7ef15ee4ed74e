-- name: lock_carrying
-- Whoever carries, alone in this database; the lock ends with the session.
SELECT pg_try_advisory_lock(7242303)

-- name: find_source
-- The carrying that is under way, or the last one.
SELECT
    source_id, source_key, edition, stage, tenant_id, holding_tenant_id, network, backup_file, backup_checksum
FROM legacy_sources
ORDER BY stage IN ('finished', 'rolled_back'), source_id DESC
LIMIT 1

-- name: insert_source
-- A carrying begins.
INSERT INTO legacy_sources (
    source_key, edition, stage, tenant_id, holding_tenant_id, network, backup_file, backup_checksum, added_at, changed_at
)
VALUES ($1, $2, 'added', $3, $4, $5, $6, $7, $8, $8)
RETURNING source_id

-- name: update_stage
-- How far it is.
UPDATE legacy_sources
SET stage = $2, changed_at = $3, switched_at = CASE WHEN $2 = 'switched' THEN $3 ELSE switched_at END
WHERE source_id = $1

-- name: update_backup
-- From which the old database can be restored.
UPDATE legacy_sources SET backup_file = $2, backup_checksum = $3, changed_at = $4 WHERE source_id = $1

-- name: insert_log
-- What was done.
INSERT INTO migration_log (source_id, command, event, detail, occurred_at) VALUES ($1, $2, $3, $4::text::jsonb, $5)

-- name: insert_campaign
-- An old campaign and ours.
INSERT INTO legacy_campaigns (source_id, old_id, campaign_id, fingerprint, row_print, will_run, told)
VALUES ($1, $2, $3, $4, $5, $6, $7)

-- name: update_campaign
-- It was looked at again, and is to be settled again.
UPDATE legacy_campaigns
SET fingerprint = $3, row_print = $4, will_run = $5, told = $6, is_settled = false
WHERE source_id = $1 AND old_id = $2

-- name: mark_settled
-- Nothing has changed in it since.
UPDATE legacy_campaigns SET is_settled = $3 WHERE source_id = $1 AND old_id = $2

-- name: delete_campaign
-- It is carried no more; what there is of it goes with the campaign.
DELETE FROM legacy_campaigns WHERE source_id = $1 AND old_id = $2

-- name: list_campaigns
-- A page of what is carried, in the order of the old ids, with the sets that it is carried into.
SELECT
    l.old_id, l.campaign_id, l.fingerprint, l.row_print, l.will_run, l.is_settled, c.initial_phase, c.name_set_id, c.dns_set_id,
    c.http_set_id, c.score_set_id
FROM legacy_campaigns l
JOIN campaigns c USING (campaign_id)
WHERE l.source_id = $1 AND ($2::uuid IS NULL OR l.old_id > $2) AND ($3::uuid[] IS NULL OR l.old_id = ANY($3))
  AND c.deleted_at IS NULL
ORDER BY l.old_id
LIMIT $4

-- name: list_to_hand_over
-- All of ours, for those that handle them as a whole.
SELECT l.campaign_id, l.will_run
FROM legacy_campaigns l
JOIN campaigns c USING (campaign_id)
WHERE l.source_id = $1 AND c.deleted_at IS NULL
ORDER BY l.campaign_id

-- name: note_running
-- Which campaigns are under way when they are taken back; those that were taken back before are noted already.
UPDATE legacy_campaigns l
SET will_run = c.phase_status = 'running'
FROM campaigns c
WHERE l.source_id = $1 AND c.campaign_id = l.campaign_id AND c.tenant_id = $2

-- name: find_written
-- Where a campaign stands after it was handed over, and how many lines its trail got since.
SELECT
    l.campaign_id, c.name, c.current_phase, c.phase_status, c.configuration, l.will_run, c.name_set_id, c.dns_set_id,
    c.http_set_id, c.score_set_id,
    (
        SELECT count(*)
        FROM phase_transitions t
        WHERE t.campaign_id = c.campaign_id AND t.occurred_at > s.switched_at AND t.reason <> $3
    ) AS line_count
FROM legacy_campaigns l
JOIN legacy_sources s USING (source_id)
JOIN campaigns c USING (campaign_id)
WHERE l.source_id = $1 AND l.old_id = $2 AND c.deleted_at IS NULL

-- name: count_deleted
-- Carried campaigns that were deleted here.
SELECT count(*) FROM legacy_campaigns l JOIN campaigns c USING (campaign_id)
WHERE l.source_id = $1 AND c.deleted_at IS NOT NULL

-- name: release_leases
-- Whoever holds chunks of these campaigns is fenced off: nothing more is written into them.
WITH held AS (
    SELECT c.run_id, c.number
    FROM chunks c
    JOIN phase_runs r USING (run_id)
    WHERE r.campaign_id = ANY($1::uuid[]) AND c.state = 'leased'
    ORDER BY c.run_id, c.number
    FOR UPDATE OF c
)
UPDATE chunks c
SET state = 'pending', lease_id = NULL, worker_id = NULL, leased_until = NULL
FROM held h
WHERE c.run_id = h.run_id AND c.number = h.number

-- name: read_written
-- A window of positions as they are now, in all phases.
SELECT
    n.position, n.name, d.outcome AS dns, d.addresses, h.outcome AS http, h.status_code, h.title, h.keyword_bits,
    h.parked_confidence, s.outcome AS verdict, s.score
FROM names n
LEFT JOIN dns_results d ON d.set_id = $2 AND d.position = n.position AND d.position >= $5 AND d.position < $6
LEFT JOIN http_results h ON h.set_id = $3 AND h.position = n.position AND h.position >= $5 AND h.position < $6
LEFT JOIN scores s ON s.set_id = $4 AND s.position = n.position AND s.position >= $5 AND s.position < $6
WHERE n.set_id = $1 AND n.position >= $5 AND n.position < $6
ORDER BY n.position

-- name: list_spellings
-- How names are spelled in the old database that are not spelled so here.
SELECT name, old_name FROM legacy_rows
WHERE source_id = $1 AND old_id = $2 AND fate = 'changed' AND name = ANY($3::text[])

-- name: count_new_campaigns
-- Campaigns of the tenant that nobody carried here since the switch.
SELECT count(*)
FROM campaigns c
JOIN legacy_sources s ON s.source_id = $1 AND c.tenant_id = s.tenant_id AND c.created_at > s.switched_at
WHERE c.deleted_at IS NULL
  AND NOT EXISTS (SELECT FROM legacy_campaigns l WHERE l.source_id = s.source_id AND l.campaign_id = c.campaign_id)

-- name: find_last_batch
-- Up to where a campaign has been carried.
SELECT number, last_place, last_row, row_count, first_position, end_position, filled_count, is_dirty, is_verified
FROM legacy_batches
WHERE source_id = $1 AND old_id = $2
ORDER BY number DESC
LIMIT 1

-- name: find_batch
-- One batch, and behind which row it begins.
SELECT
    b.number, b.last_place, b.last_row, b.row_count, b.first_position, b.end_position, b.filled_count, b.is_dirty,
    b.is_verified, p.last_place AS after_place, p.last_row AS after_row
FROM legacy_batches b
LEFT JOIN legacy_batches p ON p.source_id = b.source_id AND p.old_id = b.old_id AND p.number = b.number - 1
WHERE b.source_id = $1 AND b.old_id = $2 AND b.number = $3

-- name: list_dirty_batches
-- Those that have to be carried again.
SELECT number FROM legacy_batches WHERE source_id = $1 AND old_id = $2 AND is_dirty ORDER BY number LIMIT $3

-- name: list_batches
-- Those that nobody has compared since they were carried; with $5, all of them.
SELECT number FROM legacy_batches
WHERE source_id = $1 AND old_id = $2 AND number > $3 AND (NOT is_verified OR $5::boolean)
ORDER BY number
LIMIT $4

-- name: upsert_batch
-- A batch as it was carried just now.
INSERT INTO legacy_batches AS b (
    source_id, old_id, number, last_place, last_row, row_count, first_position, end_position, filled_count
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (source_id, old_id, number) DO UPDATE SET
    row_count = excluded.row_count, filled_count = excluded.filled_count, is_dirty = false, is_verified = false

-- name: delete_batches_from
-- From this one on, all are carried anew.
DELETE FROM legacy_batches WHERE source_id = $1 AND old_id = $2 AND number >= $3

-- name: mark_places_dirty
-- Batches in which a domain has changed: those that reach the first place, up to the one that reaches the last.
UPDATE legacy_batches b
SET is_dirty = true
WHERE b.source_id = $1 AND b.old_id = $2 AND b.last_place >= $3
  AND NOT EXISTS (
        SELECT FROM legacy_batches p
        WHERE p.source_id = b.source_id AND p.old_id = b.old_id AND p.number = b.number - 1 AND p.last_place > $4
    )

-- name: mark_all_dirty
-- What was carried depends on how the campaign stood, and it stands elsewhere now.
UPDATE legacy_batches SET is_dirty = true WHERE source_id = $1 AND old_id = $2

-- name: mark_everything_dirty
-- A whole table was emptied there.
UPDATE legacy_batches SET is_dirty = true WHERE source_id = $1

-- name: mark_verified
-- Both sides say the same of it.
UPDATE legacy_batches SET is_verified = $4 WHERE source_id = $1 AND old_id = $2 AND number = ANY($3::integer[])

-- name: mark_lost_merges_dirty
-- Rows that were merged into a name which is not there any more.
UPDATE legacy_batches b
SET is_dirty = true
FROM legacy_rows r
WHERE r.source_id = $1 AND r.old_id = $2 AND r.fate = 'merged'
  AND NOT EXISTS (SELECT FROM names n WHERE n.set_id = $3 AND n.name = r.name)
  AND b.source_id = r.source_id AND b.old_id = r.old_id AND b.number = r.batch_number

-- name: count_lost_merges
-- How many rows that are.
SELECT count(*) FROM legacy_rows r
WHERE r.source_id = $1 AND r.old_id = $2 AND r.fate = 'merged'
  AND NOT EXISTS (SELECT FROM names n WHERE n.set_id = $3 AND n.name = r.name)

-- name: list_names_twice
-- Names that stand at several positions: all but the one whose results go furthest, the first of equals.
SELECT t.name, t.best_position, b.number
FROM (
    SELECT
        n.name, n.position, first_value(n.position) OVER best AS best_position
    FROM names n
    LEFT JOIN dns_results d ON d.set_id = $4 AND d.position = n.position
    LEFT JOIN http_results h ON h.set_id = $5 AND h.position = n.position
    WHERE n.set_id = $3
      AND n.name IN (SELECT m.name FROM names m WHERE m.set_id = $3 GROUP BY m.name HAVING count(*) > 1)
    WINDOW best AS (
        PARTITION BY n.name ORDER BY h.position IS NULL, d.position IS NULL, n.position
    )
) AS t
JOIN legacy_batches b
    ON b.source_id = $1 AND b.old_id = $2 AND t.position >= b.first_position AND t.position < b.end_position
WHERE t.position <> t.best_position
ORDER BY b.number
LIMIT $6

-- name: list_merged
-- Names of a batch that were found to stand in another one.
SELECT name, reason
FROM legacy_rows
WHERE source_id = $1 AND old_id = $2 AND batch_number = $3 AND fate = 'merged' AND reason LIKE $4

-- name: insert_fates
-- Rows that are not here as they were there.
INSERT INTO legacy_rows (source_id, old_id, batch_number, old_row, old_name, fate, reason, name)
SELECT $1, $2, $3, * FROM unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
ON CONFLICT (source_id, old_id, batch_number, old_row) DO UPDATE SET
    fate = excluded.fate, reason = excluded.reason, name = excluded.name

-- name: delete_fates
-- Of a batch that is carried again.
DELETE FROM legacy_rows WHERE source_id = $1 AND old_id = $2 AND batch_number = $3

-- name: count_fates
-- What became of rows that are not here as they were there, and why; one line each, the most frequent first.
SELECT fate, reason, count(*) AS amount
FROM (
    SELECT r.fate, CASE r.fate WHEN 'merged' THEN 'same_name' ELSE r.reason END AS reason
    FROM legacy_rows r
    WHERE r.source_id = $1 AND ($2::uuid IS NULL OR r.old_id = $2)
) AS told
GROUP BY fate, reason
ORDER BY amount DESC, fate, reason
LIMIT $3

-- name: sum_batches
-- How many rows of a campaign were read, and how many outcomes were filled in; of all where none is named.
SELECT coalesce(sum(row_count), 0)::bigint AS row_count, coalesce(sum(filled_count), 0)::bigint AS filled_count
FROM legacy_batches
WHERE source_id = $1 AND ($2::uuid IS NULL OR old_id = $2)

-- name: delete_names
-- Of a range of positions that is carried again.
DELETE FROM names WHERE set_id = $1 AND position >= $2 AND position < $3

-- name: delete_dns_results
-- The same.
DELETE FROM dns_results WHERE set_id = $1 AND position >= $2 AND position < $3

-- name: delete_http_results
-- The same.
DELETE FROM http_results WHERE set_id = $1 AND position >= $2 AND position < $3

-- name: delete_scores
-- The same.
DELETE FROM scores WHERE set_id = $1 AND position >= $2 AND position < $3

-- name: upsert_kept_chunk
-- What was carried of a range, counted; there is nothing to be done in it as such.
INSERT INTO chunks (
    run_id, number, kind, state, first_position, end_position, item_count, outcome_counts, keyword_page_count,
    succeeded_count, negative_count, failed_count
)
VALUES ($1, $2, 'kept', 'done', $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (run_id, number) DO UPDATE SET
    item_count = excluded.item_count, outcome_counts = excluded.outcome_counts,
    keyword_page_count = excluded.keyword_page_count, succeeded_count = excluded.succeeded_count,
    negative_count = excluded.negative_count, failed_count = excluded.failed_count

-- name: delete_chunks_from
-- Of batches that are carried anew, and whatever was planned behind them.
DELETE FROM chunks WHERE run_id = $1 AND number >= $2

-- name: delete_planned_chunks
-- What was planned for the rest of a run that goes on to be carried. Nobody holds one: it does not run.
DELETE FROM chunks WHERE run_id = $1 AND kind <> 'kept'

-- name: count_names
-- How many names a set has, and where they end.
SELECT count(*) AS amount, coalesce(max(position) + 1, 0) AS end_position FROM names WHERE set_id = $1

-- name: sum_carried_rows
-- What a range of positions comes to in each phase, as counts and sums of hashes of the same texts.
WITH texts AS (
    SELECT
        n.name AS name_text,
        CASE WHEN d.outcome IS NOT NULL THEN concat_ws(
            '|', n.name, d.outcome, nullif(encode(coalesce(d.addresses, '') || coalesce(d.addresses_v6, ''), 'hex'), '')
        ) END AS dns_text,
        CASE WHEN h.outcome IS NOT NULL THEN concat_ws(
            '|', n.name, h.outcome, coalesce(h.status_code, 0), coalesce(h.title, ''), h.keyword_bits
        ) END AS http_text,
        CASE WHEN s.outcome IS NOT NULL THEN concat_ws(
            '|', n.name, s.outcome, round(s.score::double precision * 1000)::integer
        ) END AS score_text
    FROM names n
    LEFT JOIN dns_results d ON d.set_id = $2 AND d.position = n.position AND d.position >= $5 AND d.position < $6
    LEFT JOIN http_results h ON h.set_id = $3 AND h.position = n.position AND h.position >= $5 AND h.position < $6
    LEFT JOIN scores s ON s.set_id = $4 AND s.position = n.position AND s.position >= $5 AND s.position < $6
    WHERE n.set_id = $1 AND n.position >= $5 AND n.position < $6
)
SELECT
    count(name_text) AS name_count, coalesce(sum(('x' || left(md5(name_text), 16))::bit(64)::bigint), 0) AS name_sum,
    count(dns_text) AS dns_count, coalesce(sum(('x' || left(md5(dns_text), 16))::bit(64)::bigint), 0) AS dns_sum,
    count(http_text) AS http_count, coalesce(sum(('x' || left(md5(http_text), 16))::bit(64)::bigint), 0) AS http_sum,
    count(score_text) AS score_count, coalesce(sum(('x' || left(md5(score_text), 16))::bit(64)::bigint), 0) AS score_sum
FROM texts

-- name: list_gone_rows
-- Rows of a batch that were merged into others or rejected, and why.
SELECT old_row, fate FROM legacy_rows WHERE source_id = $1 AND old_id = $2 AND batch_number = $3 AND fate <> 'changed'

-- name: get_standing
-- Where a carried campaign stands here, and what its runs say.
SELECT
    c.name, c.current_phase, c.phase_status,
    ARRAY(
        SELECT r.phase || ' ' || r.phase_status
        FROM phase_runs r
        WHERE r.campaign_id = c.campaign_id AND NOT EXISTS (SELECT FROM retired_sets s WHERE s.set_id = r.run_id)
        ORDER BY 1
    ) AS runs
FROM campaigns c
WHERE c.campaign_id = $1
