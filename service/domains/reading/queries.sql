-- name: find_reading
-- The sets of one campaign of one tenant, and what the runs that filled them were given. A set of imported names has no
-- run; a run that began its HTTP phase with names of its own has no DNS set.
SELECT
    c.name_set_id, c.dns_set_id, c.http_set_id, c.score_set_id,
    h.configuration AS http_configuration,
    coalesce(d.stale, false) AS dns_stale, coalesce(h.stale, false) AS http_stale, coalesce(s.stale, false) AS score_stale,
    s.name_set_id IS NOT DISTINCT FROM c.name_set_id
        AND s.dns_set_id IS NOT DISTINCT FROM c.dns_set_id
        AND s.http_set_id IS NOT DISTINCT FROM c.http_set_id AS coherent
FROM campaigns c
LEFT JOIN phase_runs d ON d.run_id = c.dns_set_id
LEFT JOIN phase_runs h ON h.run_id = c.http_set_id
LEFT JOIN phase_runs s ON s.run_id = c.score_set_id
WHERE c.campaign_id = $1 AND c.tenant_id = $2 AND c.deleted_at IS NULL

-- name: count_sets
-- How many of these sets are still there. Rows go long after their set was retired, so that asking after a read tells
-- whether the read was whole.
SELECT count(*)
FROM (
    SELECT run_id AS set_id FROM phase_runs WHERE run_id = ANY($1::integer[])
    UNION ALL
    SELECT set_id FROM name_sets WHERE set_id = ANY($1::integer[])
) AS known
WHERE NOT EXISTS (SELECT FROM retired_sets r WHERE r.set_id = known.set_id)

-- name: join_linearly
-- Pages and batches join bounded ranges. Without statistics the planner takes nested loops over whole ranges, which is
-- quadratic; hash and merge joins are linear whatever it believes.
SET LOCAL enable_nestloop = off

-- name: find_last_position
-- Where a set ends; -1 for an empty one.
SELECT coalesce((SELECT position FROM names WHERE set_id = $1 ORDER BY position DESC LIMIT 1), -1)

-- name: list_positions
-- The first domains of a window that pass. Only the tables that a filter needs are joined: the planner removes the others.
SELECT n.position
FROM names n
LEFT JOIN dns_results d ON d.set_id = $2 AND d.position = n.position AND d.position >= $5 AND d.position < $6
LEFT JOIN http_results h ON h.set_id = $3 AND h.position = n.position AND h.position >= $5 AND h.position < $6
LEFT JOIN scores s ON s.set_id = $4 AND s.position = n.position AND s.position >= $5 AND s.position < $6
WHERE n.set_id = $1 AND n.position >= $5 AND n.position < $6
  AND ($7::smallint[] IS NULL OR d.outcome = ANY($7))
  AND ($8::smallint[] IS NULL OR h.outcome = ANY($8))
  AND ($9::smallint[] IS NULL OR s.outcome = ANY($9))
  AND ($10::bigint = 0 OR h.keyword_bits & $10 <> 0)
  AND ($11::real IS NULL OR s.score >= $11)
  AND ($12::real IS NULL OR s.score <= $12)
  AND ($13::text IS NULL OR starts_with(n.name, $13))
ORDER BY n.position
LIMIT $14

-- name: list_keyword_positions
-- The next pages with any keyword, from the partial index; those with the wanted one, and the last one looked at.
SELECT position, matches, number
FROM (
    SELECT
        position, keyword_bits & $3 <> 0 AS matches,
        row_number() OVER (ORDER BY position) AS number, count(*) OVER () AS inspected
    FROM (
        SELECT position, keyword_bits
        FROM http_results
        WHERE set_id = $1 AND position >= $2 AND keyword_bits <> 0
        ORDER BY position
        LIMIT $4
    ) AS hits
) AS numbered
WHERE matches OR number = inspected
ORDER BY number

-- name: list_scored
-- The next scores above 0, best first, from an index (with keywords wanted, from the partial one); those that pass as
-- far as the score row knows, and the last one looked at.
SELECT position, score, matches, number
FROM (
    SELECT
        position, score,
        ($5::smallint[] IS NULL OR outcome = ANY($5))
            AND ($6::smallint[] IS NULL OR dns_outcome = ANY($6))
            AND ($7::smallint[] IS NULL OR http_outcome = ANY($7))
            AND ($8::bigint = 0 OR keyword_bits & $8 <> 0) AS matches,
        row_number() OVER (ORDER BY score DESC, position DESC) AS number, count(*) OVER () AS inspected
    FROM (
        SELECT position, score, outcome, dns_outcome, http_outcome, keyword_bits
        FROM scores
        WHERE set_id = $1 AND score > 0 AND (score, position) < ($2::real, $3::integer) AND score >= $4::real
          AND ($8::bigint = 0 OR keyword_bits <> 0)
        ORDER BY score DESC, position DESC
        LIMIT $9
    ) AS best
) AS numbered
WHERE matches OR number = inspected
ORDER BY number

-- name: list_unscored
-- The same for the many that score 0 and stand in no index of scores: backwards through the primary key.
SELECT position, matches, number
FROM (
    SELECT
        position,
        score = 0
            AND ($3::smallint[] IS NULL OR outcome = ANY($3))
            AND ($4::smallint[] IS NULL OR dns_outcome = ANY($4))
            AND ($5::smallint[] IS NULL OR http_outcome = ANY($5))
            AND ($6::bigint = 0 OR keyword_bits & $6 <> 0) AS matches,
        row_number() OVER (ORDER BY position DESC) AS number, count(*) OVER () AS inspected
    FROM (
        SELECT position, score, outcome, dns_outcome, http_outcome, keyword_bits
        FROM scores
        WHERE set_id = $1 AND position < $2
        ORDER BY position DESC
        LIMIT $7
    ) AS last_ones
) AS numbered
WHERE matches OR number = inspected
ORDER BY number

-- name: read_rows
-- Domains with all that was found of them: those at the positions $15, or all of a window where that is null. Bounds
-- stand on every table, and so do the positions: they do not cross joins.
SELECT
    n.position, n.name,
    d.outcome AS dns_outcome, d.addresses, d.addresses_v6, d.canonical_name,
    coalesce(d.duration_ms, 0) AS dns_duration_ms,
    h.outcome AS http_outcome, h.status_code, h.title, h.final_url,
    coalesce(h.keyword_bits, 0) AS keyword_bits, coalesce(h.keyword_hits, 0) AS keyword_hits,
    coalesce(h.unique_keywords, 0) AS unique_keywords, coalesce(h.title_hit, false) AS title_hit,
    coalesce(h.body_bytes, 0) AS body_bytes, coalesce(h.parked_confidence, 0) AS parked_confidence,
    coalesce(h.duration_ms, 0) AS http_duration_ms,
    h.content_hash, h.near_hash, h.keyword_contexts, h.tls_fault,
    s.outcome AS analysis_outcome, coalesce(s.score, 0) AS score
FROM names n
LEFT JOIN dns_results d
    ON d.set_id = $2 AND d.position = n.position AND d.position >= $5 AND d.position < $6
    AND ($15::integer[] IS NULL OR d.position = ANY($15))
LEFT JOIN http_results h
    ON h.set_id = $3 AND h.position = n.position AND h.position >= $5 AND h.position < $6
    AND ($15::integer[] IS NULL OR h.position = ANY($15))
LEFT JOIN scores s
    ON s.set_id = $4 AND s.position = n.position AND s.position >= $5 AND s.position < $6
    AND ($15::integer[] IS NULL OR s.position = ANY($15))
WHERE n.set_id = $1 AND n.position >= $5 AND n.position < $6
  AND ($15::integer[] IS NULL OR n.position = ANY($15))
  AND ($7::smallint[] IS NULL OR d.outcome = ANY($7))
  AND ($8::smallint[] IS NULL OR h.outcome = ANY($8))
  AND ($9::smallint[] IS NULL OR s.outcome = ANY($9))
  AND ($10::bigint = 0 OR h.keyword_bits & $10 <> 0)
  AND ($11::real IS NULL OR s.score >= $11)
  AND ($12::real IS NULL OR s.score <= $12)
  AND ($13::text IS NULL OR starts_with(n.name, $13))
ORDER BY n.position
LIMIT $14

-- name: find_scoring
-- What the bound scores were made with: the weights, and how old the pages were when the scoring began, in seconds.
SELECT
    s.configuration,
    greatest(0, extract(epoch FROM s.started_at - coalesce(h.finished_at, h.started_at, s.started_at)))::bigint AS age
FROM phase_runs s
LEFT JOIN phase_runs h ON h.run_id = s.http_set_id
WHERE s.run_id = $1

-- name: list_set_counts
-- What the runs that filled these sets have counted; imported names were counted when they came.
SELECT run_id AS set_id, phase_status = 'completed' AND NOT stale AS ended, total_count, outcome_counts
FROM phase_runs
WHERE run_id = ANY($1::integer[])
UNION ALL
SELECT set_id, true, row_count, ARRAY[row_count] FROM name_sets WHERE set_id = ANY($1::integer[])

-- name: count_keyword_hits
-- Reached pages with a keyword: no run counts them, so they are counted in the index that holds just these.
SELECT count(*) FROM http_results WHERE set_id = $1 AND keyword_bits <> 0 AND outcome = $2
