-- name: find_reading
-- The sets of one campaign of one tenant, and what the runs that filled them were given. A set of imported names has no
-- run; a run that began its HTTP phase with names of its own has no DNS set.
SELECT
    c.name_set_id, c.dns_set_id, c.http_set_id, c.score_set_id,
    h.configuration AS http_configuration,
    d.outcome_counts AS dns_counts, d.phase_status = 'completed' AS dns_whole,
    h.outcome_counts AS http_counts, h.phase_status = 'completed' AS http_whole,
    coalesce(h.keyword_page_count, 0) AS keyword_page_count,
    s.outcome_counts AS score_counts, s.phase_status = 'completed' AS score_whole,
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

-- name: find_last_position
-- Where a set ends; -1 for an empty one.
SELECT coalesce((SELECT position FROM names WHERE set_id = $1 ORDER BY position DESC LIMIT 1), -1)

-- name: get_generation
-- What the names of a set were made from.
SELECT configuration FROM phase_runs WHERE run_id = $1

-- name: list_generation_ranges
-- Which positions of a set are which offsets of which TLD's space; none of imported names.
SELECT tld, first_offset, first_position, end_position
FROM generation_ranges
WHERE run_id = $1
ORDER BY first_position

-- name: list_positions
-- The first domains of a window that pass, or those at the positions $15 that do. Only the tables that a filter needs are
-- joined: the planner removes the others. Bounds stand on every table, and so do the positions: they do not cross joins.
SELECT n.position
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

-- name: list_dns_positions
-- The first names of a window with any of these DNS outcomes, each from its own place in the index, merged. The index
-- leaves out `resolved` and `absent`.
SELECT p.position
FROM unnest($2::smallint[]) AS wanted (outcome)
CROSS JOIN LATERAL (
    SELECT d.position
    FROM dns_results d
    WHERE d.set_id = $1 AND d.outcome = wanted.outcome AND d.position >= $3 AND d.position < $4
      AND d.outcome NOT IN (1, 3)
    ORDER BY d.position
    LIMIT $5
) AS p
ORDER BY p.position
LIMIT $5

-- name: list_http_positions
-- The same for pages.
SELECT p.position
FROM unnest($2::smallint[]) AS wanted (outcome)
CROSS JOIN LATERAL (
    SELECT h.position
    FROM http_results h
    WHERE h.set_id = $1 AND h.outcome = wanted.outcome AND h.position >= $3 AND h.position < $4
    ORDER BY h.position
    LIMIT $5
) AS p
ORDER BY p.position
LIMIT $5

-- name: list_judged_positions
-- The same for verdicts; the index leaves out `dns_negative`.
SELECT p.position
FROM unnest($2::smallint[]) AS wanted (outcome)
CROSS JOIN LATERAL (
    SELECT s.position
    FROM scores s
    WHERE s.set_id = $1 AND s.outcome = wanted.outcome AND s.position >= $3 AND s.position < $4 AND s.outcome <> 6
    ORDER BY s.position
    LIMIT $5
) AS p
ORDER BY p.position
LIMIT $5

-- name: list_keyword_positions
-- Of the next pages with any keyword, so many ($6) of a window, the first that pass as far as the partial index knows. It
-- stops at the last that is wanted.
SELECT position
FROM (
    SELECT position, outcome, keyword_bits
    FROM http_results
    WHERE set_id = $1 AND position >= $2 AND position < $3 AND keyword_bits <> 0
    ORDER BY position
    LIMIT $6
) AS stretch
WHERE keyword_bits & $4 <> 0 AND ($5::smallint[] IS NULL OR outcome = ANY($5))
ORDER BY position
LIMIT $7

-- name: find_end_of_keywords
-- Where that stretch ends, and how many it holds: asked only where fewer passed than were wanted.
SELECT max(position) AS position, count(*) AS inspected
FROM (
    SELECT position
    FROM http_results
    WHERE set_id = $1 AND position >= $2 AND position < $3 AND keyword_bits <> 0
    ORDER BY position
    LIMIT $4
) AS stretch

-- name: find_few_scored
-- How many have a score between two bounds, up to $6 of them; and if they are fewer, the first of a window. The lower
-- bound is above 0. Kind by kind, as below.
WITH RECURSIVE kinds AS (
    (
        SELECT dns_outcome, http_outcome, outcome
        FROM scores
        WHERE set_id = $1 AND score > 0
        ORDER BY dns_outcome, http_outcome, outcome
        LIMIT 1
    )
    UNION ALL
    SELECT n.dns_outcome, n.http_outcome, n.outcome
    FROM kinds k
    CROSS JOIN LATERAL (
        SELECT s.dns_outcome, s.http_outcome, s.outcome
        FROM scores s
        WHERE s.set_id = $1 AND s.score > 0
          AND (s.dns_outcome, s.http_outcome, s.outcome) > (k.dns_outcome, k.http_outcome, k.outcome)
        ORDER BY s.dns_outcome, s.http_outcome, s.outcome
        LIMIT 1
    ) AS n
), few AS MATERIALIZED (
    SELECT b.position
    FROM kinds k
    CROSS JOIN LATERAL (
        SELECT s.position
        FROM scores s
        WHERE s.set_id = $1 AND s.dns_outcome = k.dns_outcome AND s.http_outcome = k.http_outcome
          AND s.outcome = k.outcome AND s.score > 0 AND s.score >= $2::real AND ($3::real IS NULL OR s.score <= $3)
        LIMIT $6
    ) AS b
    LIMIT $6
)
SELECT
    (SELECT count(*) FROM few) AS amount,
    ARRAY(
        SELECT position
        FROM few
        WHERE position >= $4 AND position < $5 AND (SELECT count(*) FROM few) < $6
        ORDER BY position
        LIMIT $7
    ) AS positions

-- name: list_scored
-- The next scores above 0, best first, as far as the score row knows what passes. The index has each kind of domain by
-- itself: the kinds that there are, one after the other, then the best of each that passes, merged.
WITH RECURSIVE kinds AS (
    (
        SELECT dns_outcome, http_outcome, outcome
        FROM scores
        WHERE set_id = $1 AND score > 0
        ORDER BY dns_outcome, http_outcome, outcome
        LIMIT 1
    )
    UNION ALL
    SELECT n.dns_outcome, n.http_outcome, n.outcome
    FROM kinds k
    CROSS JOIN LATERAL (
        SELECT s.dns_outcome, s.http_outcome, s.outcome
        FROM scores s
        WHERE s.set_id = $1 AND s.score > 0
          AND (s.dns_outcome, s.http_outcome, s.outcome) > (k.dns_outcome, k.http_outcome, k.outcome)
        ORDER BY s.dns_outcome, s.http_outcome, s.outcome
        LIMIT 1
    ) AS n
)
SELECT b.score, b.position
FROM kinds k
CROSS JOIN LATERAL (
    SELECT s.score, s.position
    FROM scores s
    WHERE s.set_id = $1 AND s.dns_outcome = k.dns_outcome AND s.http_outcome = k.http_outcome AND s.outcome = k.outcome
      AND s.score > 0 AND (s.score, s.position) < ($2::real, $3::integer) AND s.score >= $4::real
    ORDER BY s.score DESC, s.position DESC
    LIMIT $8
) AS b
WHERE ($5::smallint[] IS NULL OR k.outcome = ANY($5))
  AND ($6::smallint[] IS NULL OR k.dns_outcome = ANY($6))
  AND ($7::smallint[] IS NULL OR k.http_outcome = ANY($7))
ORDER BY b.score DESC, b.position DESC
LIMIT $8

-- name: list_scored_with_keywords
-- The best with a keyword, those that score 0 too: of the next ($9) with any, from their partial index, the first that
-- pass.
SELECT score, position
FROM (
    SELECT score, position, outcome, dns_outcome, http_outcome, keyword_bits
    FROM scores
    WHERE set_id = $1 AND keyword_bits <> 0 AND (score, position) < ($2::real, $3::integer) AND score >= $4::real
    ORDER BY score DESC, position DESC
    LIMIT $9
) AS stretch
WHERE ($5::smallint[] IS NULL OR outcome = ANY($5))
  AND ($6::smallint[] IS NULL OR dns_outcome = ANY($6))
  AND ($7::smallint[] IS NULL OR http_outcome = ANY($7))
  AND keyword_bits & $8 <> 0
ORDER BY score DESC, position DESC
LIMIT $10

-- name: find_end_of_scored_with_keywords
-- Where that stretch ends, and how many it holds.
SELECT min(ROW(score, position)) AS last, count(*) AS inspected
FROM (
    SELECT score, position
    FROM scores
    WHERE set_id = $1 AND keyword_bits <> 0 AND (score, position) < ($2::real, $3::integer) AND score >= $4::real
    ORDER BY score DESC, position DESC
    LIMIT $5
) AS stretch

-- name: list_unscored
-- The many that score 0 and stand in no index of scores: of the next ($6), backwards through the primary key, the first
-- that pass.
SELECT position
FROM (
    SELECT position, score, outcome, dns_outcome, http_outcome
    FROM scores
    WHERE set_id = $1 AND position < $2
    ORDER BY position DESC
    LIMIT $6
) AS stretch
WHERE score = 0
  AND ($3::smallint[] IS NULL OR outcome = ANY($3))
  AND ($4::smallint[] IS NULL OR dns_outcome = ANY($4))
  AND ($5::smallint[] IS NULL OR http_outcome = ANY($5))
ORDER BY position DESC
LIMIT $7

-- name: find_end_of_unscored
-- Where that stretch ends, and how many it holds.
SELECT min(position) AS position, count(*) AS inspected
FROM (SELECT position FROM scores WHERE set_id = $1 AND position < $2 ORDER BY position DESC LIMIT $3) AS stretch

-- name: list_unscored_judged
-- The same with verdicts that the index by outcome has: backwards through each of them, merged.
SELECT position
FROM (
    SELECT p.position, p.score
    FROM unnest($3::smallint[]) AS wanted (outcome)
    CROSS JOIN LATERAL (
        SELECT s.position, s.score
        FROM scores s
        WHERE s.set_id = $1 AND s.outcome = wanted.outcome AND s.position < $2 AND s.outcome <> 6
        ORDER BY s.position DESC
        LIMIT $4
    ) AS p
    ORDER BY p.position DESC
    LIMIT $4
) AS stretch
WHERE score = 0
ORDER BY position DESC
LIMIT $5

-- name: find_end_of_unscored_judged
-- Where that stretch ends, and how many it holds.
SELECT min(position) AS position, count(*) AS inspected
FROM (
    SELECT p.position
    FROM unnest($3::smallint[]) AS wanted (outcome)
    CROSS JOIN LATERAL (
        SELECT s.position
        FROM scores s
        WHERE s.set_id = $1 AND s.outcome = wanted.outcome AND s.position < $2 AND s.outcome <> 6
        ORDER BY s.position DESC
        LIMIT $4
    ) AS p
    ORDER BY p.position DESC
    LIMIT $4
) AS stretch

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
SELECT run_id AS set_id, phase_status = 'completed' AND NOT stale AS ended, total_count, outcome_counts, keyword_page_count
FROM phase_runs
WHERE run_id = ANY($1::integer[])
UNION ALL
SELECT set_id, true, row_count, ARRAY[row_count], 0 FROM name_sets WHERE set_id = ANY($1::integer[])
