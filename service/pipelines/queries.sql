-- name: lock_unplanned_run
-- One run that still lacks chunks; planners skip each other's.
SELECT run_id, phase, plan, name_set_id, dns_set_id, http_set_id, total_count, kept_set_id, kept_since, started_at
FROM phase_runs
WHERE phase_status = 'running' AND plan <> 'planned'
ORDER BY run_id
LIMIT 1
FOR UPDATE SKIP LOCKED

-- name: mark_run_planned
-- Its chunks can be claimed from now on.
UPDATE phase_runs SET plan = 'planned' WHERE run_id = $1

-- name: plan_generation
-- Each leased range is cut by itself, so that a chunk has one TLD. Chunks of names that came otherwise go before.
INSERT INTO chunks (run_id, number, kind, first_position, end_position, item_count)
SELECT
    $1, (SELECT coalesce(max(c.number), 0) FROM chunks c WHERE c.run_id = $1) + row_number() OVER (ORDER BY p.first_position),
    'fresh', p.first_position,
    least(p.first_position + $2, g.end_position), least($2, g.end_position - p.first_position)
FROM generation_ranges g
CROSS JOIN LATERAL generate_series(g.first_position, g.end_position - 1, $2::integer) AS p (first_position)
WHERE g.run_id = $1

-- name: plan_names
-- Names are dense: ranges of positions, up to the last name.
INSERT INTO chunks (run_id, number, kind, first_position, end_position, item_count)
SELECT
    $1, row_number() OVER (ORDER BY p.first_position), 'fresh', p.first_position,
    least(p.first_position + $3, e.end_position), least($3, e.end_position - p.first_position)
FROM (SELECT max(n.position) + 1 AS end_position FROM names n WHERE n.set_id = $2) AS e
CROSS JOIN LATERAL generate_series(0, e.end_position - 1, $3::integer) AS p (first_position)

-- name: plan_resolved
-- Survivors are sparse: each range holds so many resolved names.
INSERT INTO chunks (run_id, number, kind, first_position, end_position, item_count)
SELECT $1, w.part + 1, 'fresh', min(w.position), max(w.position) + 1, count(*)
FROM (
    SELECT d.position, (row_number() OVER (ORDER BY d.position) - 1) / $3::integer AS part
    FROM dns_results d
    WHERE d.set_id = $2 AND d.outcome = $4
) AS w
GROUP BY w.part

-- name: find_kept_run
-- When the run began whose results are kept, from where on they have not been looked through, and where they end.
SELECT
    r.started_at,
    (SELECT coalesce(max(c.end_position), 0) FROM chunks c WHERE c.run_id = $2 AND c.kind = 'kept') AS next_position,
    (SELECT coalesce(max(n.position) + 1, 0) FROM names n WHERE n.set_id = $3) AS end_position
FROM phase_runs r
WHERE r.run_id = $1

-- name: keep_dns_results
-- What was found at or after an instant is found by the new run too, so much earlier ($6) than it began.
WITH kept AS (
    INSERT INTO dns_results (
        set_id, position, outcome, resolver, duration_ms, addresses, addresses_v6, canonical_name, found_after
    )
    SELECT
        $1, d.position, d.outcome, d.resolver, d.duration_ms, d.addresses, d.addresses_v6, d.canonical_name,
        d.found_after + $6::integer
    FROM dns_results d
    WHERE d.set_id = $2 AND d.position >= $3 AND d.position < $4 AND d.found_after >= $5::double precision
    RETURNING outcome
)
SELECT outcome, count(*) AS amount, 0 AS with_keyword FROM kept GROUP BY outcome

-- name: keep_http_results
-- The same for pages, of hosts that are still asked: they resolve ($8) in the DNS set that the new run is bound to.
WITH kept AS (
    INSERT INTO http_results (
        set_id, position, outcome, status_code, title_hit, unique_keywords, keyword_hits, duration_ms, body_bytes,
        parked_confidence, keyword_bits, content_hash, title, final_url, near_hash, keyword_contexts, tls_fault,
        found_after
    )
    SELECT
        $1, h.position, h.outcome, h.status_code, h.title_hit, h.unique_keywords, h.keyword_hits, h.duration_ms,
        h.body_bytes, h.parked_confidence, h.keyword_bits, h.content_hash, h.title, h.final_url, h.near_hash,
        h.keyword_contexts, h.tls_fault, h.found_after + $6::integer
    FROM http_results h
    WHERE h.set_id = $2 AND h.position >= $3 AND h.position < $4 AND h.found_after >= $5::double precision
      AND ($7::integer IS NULL OR EXISTS (
            SELECT FROM dns_results d
            WHERE d.set_id = $7 AND d.position = h.position AND d.position >= $3 AND d.position < $4 AND d.outcome = $8
        ))
    RETURNING outcome, keyword_bits
)
SELECT outcome, count(*) AS amount, count(*) FILTER (WHERE keyword_bits <> 0) AS with_keyword FROM kept GROUP BY outcome

-- name: insert_kept_chunk
-- A range that was looked through, with what was kept of it; there is nothing to be done in it as such.
INSERT INTO chunks (
    run_id, number, kind, state, first_position, end_position, item_count,
    outcome_counts, keyword_page_count, succeeded_count, negative_count, failed_count
)
SELECT $1, coalesce(max(c.number), 0) + 1, 'kept', 'done', $2, $3, $4, $5, $6, $7, $8, $9
FROM chunks c
WHERE c.run_id = $1

-- name: plan_names_left
-- Ranges that hold so many names without a DNS outcome, between two positions.
INSERT INTO chunks (run_id, number, kind, first_position, end_position, item_count)
SELECT
    $1, (SELECT coalesce(max(c.number), 0) FROM chunks c WHERE c.run_id = $1) + w.part + 1,
    'remainder', min(w.position), max(w.position) + 1, count(*)
FROM (
    SELECT n.position, (row_number() OVER (ORDER BY n.position) - 1) / $5::integer AS part
    FROM names n
    WHERE n.set_id = $2 AND n.position >= $3 AND n.position < $4
      AND NOT EXISTS (
            SELECT FROM dns_results d
            WHERE d.set_id = $1 AND d.position = n.position AND d.position >= $3 AND d.position < $4
        )
) AS w
GROUP BY w.part

-- name: plan_hosts_left
-- The same for resolved names without a page.
INSERT INTO chunks (run_id, number, kind, first_position, end_position, item_count)
SELECT
    $1, (SELECT coalesce(max(c.number), 0) FROM chunks c WHERE c.run_id = $1) + w.part + 1,
    'remainder', min(w.position), max(w.position) + 1, count(*)
FROM (
    SELECT d.position, (row_number() OVER (ORDER BY d.position) - 1) / $5::integer AS part
    FROM dns_results d
    WHERE d.set_id = $2 AND d.position >= $3 AND d.position < $4 AND d.outcome = $6
      AND NOT EXISTS (
            SELECT FROM http_results h
            WHERE h.set_id = $1 AND h.position = d.position AND h.position >= $3 AND h.position < $4
        )
) AS w
GROUP BY w.part

-- name: plan_unresolved_left
-- The same for names without a page, in runs that begin with HTTP.
INSERT INTO chunks (run_id, number, kind, first_position, end_position, item_count)
SELECT
    $1, (SELECT coalesce(max(c.number), 0) FROM chunks c WHERE c.run_id = $1) + w.part + 1,
    'remainder', min(w.position), max(w.position) + 1, count(*)
FROM (
    SELECT n.position, (row_number() OVER (ORDER BY n.position) - 1) / $5::integer AS part
    FROM names n
    WHERE n.set_id = $2 AND n.position >= $3 AND n.position < $4
      AND NOT EXISTS (
            SELECT FROM http_results h
            WHERE h.set_id = $1 AND h.position = n.position AND h.position >= $3 AND h.position < $4
        )
) AS w
GROUP BY w.part

-- name: close_unfinished_retries
-- A new retry covers what an earlier one left; what that one did stays counted. Whoever holds one still is fenced off,
-- or the same domains would be retried, and counted as retrying, twice.
WITH unfinished AS (
    SELECT run_id, number
    FROM chunks
    WHERE run_id = $1 AND kind = 'retry' AND state <> 'done'
    ORDER BY number
    FOR UPDATE
)
UPDATE chunks c
SET state = 'done', lease_id = NULL, worker_id = NULL, leased_until = NULL
FROM unfinished u
WHERE c.run_id = u.run_id AND c.number = u.number

-- name: plan_retry_dns
-- Ranges that hold so many names whose outcome can be retried.
INSERT INTO chunks (run_id, number, kind, first_position, end_position, item_count)
SELECT
    $1, (SELECT coalesce(max(c.number), 0) FROM chunks c WHERE c.run_id = $1) + w.part + 1,
    'retry', min(w.position), max(w.position) + 1, count(*)
FROM (
    SELECT d.position, (row_number() OVER (ORDER BY d.position) - 1) / $2::integer AS part
    FROM dns_results d
    WHERE d.set_id = $1 AND d.outcome = ANY($3::smallint[])
) AS w
GROUP BY w.part

-- name: plan_retry_http
-- The same for hosts.
INSERT INTO chunks (run_id, number, kind, first_position, end_position, item_count)
SELECT
    $1, (SELECT coalesce(max(c.number), 0) FROM chunks c WHERE c.run_id = $1) + w.part + 1,
    'retry', min(w.position), max(w.position) + 1, count(*)
FROM (
    SELECT h.position, (row_number() OVER (ORDER BY h.position) - 1) / $2::integer AS part
    FROM http_results h
    WHERE h.set_id = $1 AND h.outcome = ANY($3::smallint[])
) AS w
GROUP BY w.part

-- name: plan_retry_scores
-- The same for scores.
INSERT INTO chunks (run_id, number, kind, first_position, end_position, item_count)
SELECT
    $1, (SELECT coalesce(max(c.number), 0) FROM chunks c WHERE c.run_id = $1) + w.part + 1,
    'retry', min(w.position), max(w.position) + 1, count(*)
FROM (
    SELECT s.position, (row_number() OVER (ORDER BY s.position) - 1) / $2::integer AS part
    FROM scores s
    WHERE s.set_id = $1 AND s.outcome = ANY($3::smallint[])
) AS w
GROUP BY w.part

-- name: claim_chunks
-- Fair: the tenant with the fewest leases first, then its campaign with the fewest, each chunk in its order. Equals
-- draw lots each time: by their numbers, those that hold nothing and always come first would let the others starve.
-- Ranks are taken over a few candidates of each run; a candidate that another worker is just taking is skipped. Of one
-- run this worker holds no more than $5: the rest of its room is for others.
WITH running AS (
    SELECT
        r.run_id, c.tenant_id, l.lease_count, l.held_count,
        hashint8((extract(epoch FROM $1::timestamptz) * 1000000)::bigint # r.run_id) AS lot,
        sum(l.lease_count) OVER (PARTITION BY c.tenant_id) AS tenant_lease_count
    FROM phase_runs r
    JOIN campaigns c USING (campaign_id)
    CROSS JOIN LATERAL (
        SELECT count(*) AS lease_count, count(*) FILTER (WHERE k.worker_id = $3) AS held_count
        FROM chunks k
        WHERE k.run_id = r.run_id AND k.state <> 'done' AND k.state = 'leased' AND k.leased_until >= $1
    ) AS l
    WHERE r.phase_status = 'running' AND r.plan = 'planned'
), candidates AS (
    SELECT
        k.run_id, k.number, w.held_count, w.lot,
        w.tenant_lease_count + row_number() OVER tenant AS tenant_load,
        w.lease_count + k.place AS campaign_load
    FROM running w
    CROSS JOIN LATERAL (
        SELECT u.run_id, u.number, row_number() OVER (ORDER BY u.number) AS place
        FROM (
            SELECT c.run_id, c.number
            FROM chunks c
            WHERE c.run_id = w.run_id AND c.state <> 'done' AND (c.state = 'pending' OR c.leased_until < $1)
            ORDER BY c.number
            LIMIT $2 * 4
        ) AS u
    ) AS k
    WHERE w.held_count < $5
    WINDOW tenant AS (PARTITION BY w.tenant_id ORDER BY w.lease_count + k.place, w.lot, k.run_id)
), taken AS (
    SELECT c.run_id, c.number, d.held_count
    FROM candidates d
    JOIN chunks c USING (run_id, number)
    WHERE c.state <> 'done' AND (c.state = 'pending' OR c.leased_until < $1)
    ORDER BY d.tenant_load, d.campaign_load, d.lot, d.run_id, d.number
    LIMIT $2
    FOR UPDATE OF c SKIP LOCKED
), counted AS (
    SELECT run_id, number, held_count + row_number() OVER (PARTITION BY run_id ORDER BY number) AS held_count
    FROM taken
)
UPDATE chunks c
SET
    state = 'leased', lease_id = gen_random_uuid(), worker_id = $3, leased_until = $1::timestamptz + $4::interval,
    attempt_count = attempt_count + 1
FROM counted t
WHERE c.run_id = t.run_id AND c.number = t.number AND t.held_count <= $5
RETURNING c.run_id, c.number, c.kind, c.first_position, c.end_position, c.attempt_count, c.lease_id

-- name: list_run_plans
-- What a worker must know of the runs whose chunks it took; the DNS part is for looking up redirect targets.
SELECT
    r.run_id, r.campaign_id, r.phase, r.network, r.configuration, c.configuration -> 'dnsValidation' AS dns,
    r.name_set_id, r.dns_set_id, r.http_set_id, r.started_at, r.trace_parent
FROM phase_runs r
JOIN campaigns c USING (campaign_id)
WHERE r.run_id = ANY($1::integer[])

-- name: renew_leases
-- What is still ours is ours for longer; a run that does not run any more wants its chunks back. Whoever locks several
-- chunks takes them in their order, so that two never wait for each other in a ring.
WITH ours AS (
    SELECT run_id, number FROM chunks WHERE lease_id = ANY($1::uuid[]) ORDER BY run_id, number FOR UPDATE
)
UPDATE chunks c
SET leased_until = $2::timestamptz + $3::interval
FROM ours o
JOIN phase_runs r USING (run_id)
WHERE c.run_id = o.run_id AND c.number = o.number AND c.lease_id = ANY($1::uuid[])
RETURNING c.lease_id, r.phase_status = 'running' AS wanted

-- name: lock_chunk
-- Nobody writes for a chunk but the holder of its lease.
SELECT kind, first_position, end_position, item_count, outcome_counts, keyword_page_count
FROM chunks
WHERE run_id = $1 AND number = $2 AND lease_id = $3
FOR UPDATE

-- name: update_chunk_progress
-- Counts last: they are what everybody reads. The state says whether the chunk is done, kept, or given back.
UPDATE chunks
SET
    state = $3, kind = $4, first_position = $5, item_count = $6, outcome_counts = $7, keyword_page_count = $8,
    succeeded_count = $9, negative_count = $10, failed_count = $11,
    lease_id = CASE WHEN $3 = 'leased' THEN lease_id END,
    worker_id = CASE WHEN $3 = 'leased' THEN worker_id END,
    leased_until = CASE WHEN $3 = 'leased' THEN leased_until END,
    attempt_count = CASE WHEN $3 = 'pending' THEN greatest(attempt_count - 1, 0) ELSE attempt_count END
WHERE run_id = $1 AND number = $2

-- name: release_chunk
-- Given back with nothing done; what was no fault of the chunk does not count as an attempt.
UPDATE chunks
SET
    state = 'pending', lease_id = NULL, worker_id = NULL, leased_until = NULL,
    attempt_count = CASE WHEN $2 THEN attempt_count ELSE greatest(attempt_count - 1, 0) END
WHERE lease_id = $1

-- name: release_worker
-- A worker process that has ended holds nothing any more.
WITH held AS (
    SELECT run_id, number
    FROM chunks
    WHERE worker_id = $1 AND state = 'leased' AND lease_id IS NOT NULL
    ORDER BY run_id, number
    FOR UPDATE
)
UPDATE chunks c
SET
    state = 'pending', lease_id = NULL, worker_id = NULL, leased_until = NULL,
    attempt_count = CASE WHEN $2 THEN c.attempt_count ELSE greatest(c.attempt_count - 1, 0) END
FROM held h
WHERE c.run_id = h.run_id AND c.number = h.number

-- name: insert_half
-- The second half of a chunk that fails again and again.
INSERT INTO chunks (run_id, number, kind, first_position, end_position, item_count)
SELECT $1, max(number) + 1, $2, $3, $4, $5 FROM chunks WHERE run_id = $1

-- name: update_first_half
-- The first half keeps the chunk's number and what is counted on it.
UPDATE chunks
SET
    state = 'pending', lease_id = NULL, worker_id = NULL, leased_until = NULL, attempt_count = 0,
    end_position = $3, item_count = $4
WHERE run_id = $1 AND number = $2

-- name: lock_plan_of_run
-- Halving takes numbers: one at a time for each run.
SELECT run_id FROM phase_runs WHERE run_id = $1 FOR UPDATE

-- name: list_changed_runs
-- Running runs whose chunks add up to something else than was last told.
SELECT r.run_id
FROM phase_runs r
JOIN chunks c USING (run_id)
WHERE r.phase_status = 'running' AND r.plan = 'planned'
GROUP BY r.run_id
HAVING
    sum(c.succeeded_count) <> r.succeeded_count
    OR sum(c.negative_count) <> r.negative_count
    OR sum(c.failed_count) - coalesce(sum(c.item_count) FILTER (WHERE c.kind = 'retry' AND c.state <> 'done'), 0)
        <> r.failed_count

-- name: list_finished_runs
-- Running runs in which no chunk is unfinished any more.
SELECT r.run_id
FROM phase_runs r
WHERE r.phase_status = 'running' AND r.plan = 'planned'
  AND NOT EXISTS (SELECT FROM chunks c WHERE c.run_id = r.run_id AND c.state <> 'done')

-- name: is_run_over
-- Asked again under the run's lock.
SELECT r.phase_status = 'running' AND r.plan = 'planned'
    AND NOT EXISTS (SELECT FROM chunks c WHERE c.run_id = r.run_id AND c.state <> 'done')
FROM phase_runs r
WHERE r.run_id = $1

-- name: is_run_running
-- Whether the accountant looks at it by itself.
SELECT phase_status = 'running' FROM phase_runs WHERE run_id = $1

-- name: sum_chunks
-- What a run's chunks add up to, altogether and by outcome code, at one instant; domains that are being retried have
-- a failed outcome still, and are not failed.
SELECT
    coalesce(sum(c.succeeded_count), 0)::bigint AS succeeded,
    coalesce(sum(c.negative_count), 0)::bigint AS negative,
    coalesce(sum(c.failed_count), 0)::bigint AS failed,
    coalesce(sum(c.item_count) FILTER (WHERE c.kind = 'retry' AND c.state <> 'done'), 0)::bigint AS retrying,
    ARRAY(
        SELECT sum(u.amount)::bigint
        FROM chunks k
        CROSS JOIN LATERAL unnest(k.outcome_counts) WITH ORDINALITY AS u (amount, code)
        WHERE k.run_id = $1
        GROUP BY u.code
        ORDER BY u.code
    ) AS outcomes,
    coalesce(sum(c.keyword_page_count), 0)::bigint AS keyword_pages
FROM chunks c
WHERE c.run_id = $1

-- name: try_accounting_lock
-- One accountant at a time is enough; the lock ends with the transaction.
SELECT pg_try_advisory_xact_lock(7242301)

-- name: find_range
-- The leased range in which a chunk's positions lie.
SELECT tld, first_offset, first_position, end_position
FROM generation_ranges
WHERE run_id = $1 AND first_position <= $2 AND end_position > $2

-- name: read_names
-- All names of a range.
SELECT position, name
FROM names
WHERE set_id = $1 AND position >= $2 AND position < $3
ORDER BY position

-- name: read_names_without_outcome
-- The names of a range that have no DNS outcome in this run yet.
SELECT n.position, n.name
FROM names n
WHERE n.set_id = $1 AND n.position >= $2 AND n.position < $3
  AND NOT EXISTS (SELECT FROM dns_results d WHERE d.set_id = $4 AND d.position = n.position)
ORDER BY n.position

-- name: read_names_to_retry
-- The names of a range whose DNS outcome can be retried.
SELECT n.position, n.name
FROM names n
JOIN dns_results d ON d.set_id = $4 AND d.position = n.position AND d.position >= $2 AND d.position < $3
WHERE n.set_id = $1 AND n.position >= $2 AND n.position < $3 AND d.outcome = ANY($5::smallint[])
ORDER BY n.position

-- name: read_names_without_page
-- For runs without a DNS phase: the names of a range that have no HTTP outcome in this run yet.
SELECT n.position, n.name
FROM names n
WHERE n.set_id = $1 AND n.position >= $2 AND n.position < $3
  AND NOT EXISTS (SELECT FROM http_results h WHERE h.set_id = $4 AND h.position = n.position)
ORDER BY n.position

-- name: read_names_without_answer
-- For the same: the names of a range whose HTTP outcome can be retried.
SELECT n.position, n.name
FROM names n
JOIN http_results h ON h.set_id = $4 AND h.position = n.position AND h.position >= $2 AND h.position < $3
WHERE n.set_id = $1 AND n.position >= $2 AND n.position < $3 AND h.outcome = ANY($5::smallint[])
ORDER BY n.position

-- name: read_hosts
-- All resolved names of a range, with their addresses. Bounds stand on both tables: they do not cross joins.
SELECT n.position, n.name, d.addresses, d.addresses_v6
FROM dns_results d
JOIN names n ON n.set_id = $1 AND n.position = d.position AND n.position >= $3 AND n.position < $4
WHERE d.set_id = $2 AND d.position >= $3 AND d.position < $4 AND d.outcome = $5
ORDER BY n.position

-- name: read_hosts_without_outcome
-- The resolved names of a range that have no HTTP outcome in this run yet.
SELECT n.position, n.name, d.addresses, d.addresses_v6
FROM dns_results d
JOIN names n ON n.set_id = $1 AND n.position = d.position AND n.position >= $3 AND n.position < $4
WHERE d.set_id = $2 AND d.position >= $3 AND d.position < $4 AND d.outcome = $5
  AND NOT EXISTS (SELECT FROM http_results h WHERE h.set_id = $6 AND h.position = n.position)
ORDER BY n.position

-- name: read_hosts_to_retry
-- The hosts of a range whose HTTP outcome can be retried.
SELECT n.position, n.name, d.addresses, d.addresses_v6
FROM dns_results d
JOIN names n ON n.set_id = $1 AND n.position = d.position AND n.position >= $3 AND n.position < $4
JOIN http_results h ON h.set_id = $6 AND h.position = d.position AND h.position >= $3 AND h.position < $4
WHERE d.set_id = $2 AND d.position >= $3 AND d.position < $4 AND d.outcome = $5 AND h.outcome = ANY($7::smallint[])
ORDER BY n.position

-- name: read_facts
-- What the phases before found of each name of a range, in types of fixed width, for it is read as bytes. Where there
-- was no DNS phase ($2 is null), HTTP looked the name up itself, and its outcome says what came of it: DNS counts as
-- resolved (1).
SELECT
    n.position, coalesce(d.outcome, CASE WHEN $2::integer IS NULL THEN 1 ELSE 0 END)::smallint AS dns_outcome,
    coalesce(h.outcome, 0)::smallint AS http_outcome,
    coalesce(h.unique_keywords, 0)::smallint AS unique_keywords, coalesce(h.keyword_hits, 0) AS keyword_hits,
    coalesce(h.body_bytes, 0) AS body_bytes, coalesce(h.title_hit, false) AS title_hit,
    coalesce(h.parked_confidence, 0)::real AS parked_confidence, coalesce(h.keyword_bits, 0) AS keyword_bits
FROM names n
LEFT JOIN dns_results d ON d.set_id = $2 AND d.position = n.position AND d.position >= $4 AND d.position < $5
LEFT JOIN http_results h ON h.set_id = $3 AND h.position = n.position AND h.position >= $4 AND h.position < $5
WHERE n.set_id = $1 AND n.position >= $4 AND n.position < $5
ORDER BY n.position

-- name: read_facts_to_retry
-- The same for names whose score can be retried.
SELECT
    n.position, coalesce(d.outcome, CASE WHEN $2::integer IS NULL THEN 1 ELSE 0 END)::smallint AS dns_outcome,
    coalesce(h.outcome, 0)::smallint AS http_outcome,
    coalesce(h.unique_keywords, 0)::smallint AS unique_keywords, coalesce(h.keyword_hits, 0) AS keyword_hits,
    coalesce(h.body_bytes, 0) AS body_bytes, coalesce(h.title_hit, false) AS title_hit,
    coalesce(h.parked_confidence, 0)::real AS parked_confidence, coalesce(h.keyword_bits, 0) AS keyword_bits
FROM names n
JOIN scores s ON s.set_id = $6 AND s.position = n.position AND s.position >= $4 AND s.position < $5
LEFT JOIN dns_results d ON d.set_id = $2 AND d.position = n.position AND d.position >= $4 AND d.position < $5
LEFT JOIN http_results h ON h.set_id = $3 AND h.position = n.position AND h.position >= $4 AND h.position < $5
WHERE n.set_id = $1 AND n.position >= $4 AND n.position < $5 AND s.outcome = ANY($7::smallint[])
ORDER BY n.position

-- name: find_pages_age
-- How old an HTTP run's pages are: since it ended, in seconds.
SELECT greatest(0, extract(epoch FROM $2::timestamptz - coalesce(finished_at, started_at)))::bigint
FROM phase_runs
WHERE run_id = $1

-- name: delete_dns_to_retry
-- What a retry replaces; their old outcomes are taken off the counts.
DELETE FROM dns_results WHERE set_id = $1 AND position = ANY($2::integer[]) RETURNING outcome, false AS has_keyword

-- name: delete_http_to_retry
-- The same for hosts.
DELETE FROM http_results
WHERE set_id = $1 AND position = ANY($2::integer[])
RETURNING outcome, keyword_bits <> 0 AS has_keyword

-- name: delete_scores_to_retry
-- The same for scores.
DELETE FROM scores WHERE set_id = $1 AND position = ANY($2::integer[]) RETURNING outcome, false AS has_keyword

-- name: upsert_worker
-- A worker says that it lives, what it holds, and how fast it is.
INSERT INTO workers (
    worker_id, host, process_id, version, chunks_held, draining, started_at, heartbeat_at, rate_per_second
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8)
ON CONFLICT (worker_id) DO UPDATE SET
    chunks_held = excluded.chunks_held, draining = excluded.draining, heartbeat_at = excluded.heartbeat_at,
    rate_per_second = excluded.rate_per_second

-- name: delete_worker
-- A worker that ended in order, or is known to be dead.
DELETE FROM workers WHERE worker_id = $1

-- name: delete_silent_workers
-- Nobody will hear of these again.
DELETE FROM workers WHERE heartbeat_at < $1

-- name: lock_shares
-- Shares are leased one after another; the lock ends with the transaction.
SELECT pg_advisory_xact_lock(7242302)

-- name: lease_share
-- An equal part for each worker that wants any, but no more than the others have left: who has more than that gives it
-- back with a later heartbeat, when $4, what it still holds, is less. Who is not heard of for as long as a lease lasts
-- has nothing any more.
UPDATE workers w
SET rate_share = CASE WHEN $3 THEN greatest(o.share, $4::double precision) ELSE nullif($4::double precision, 0) END
FROM (
    SELECT greatest(0, least(1.0::double precision / (count(*) + 1), 1 - coalesce(sum(rate_share), 0))) AS share
    FROM workers
    WHERE worker_id <> $1 AND heartbeat_at >= $2 AND rate_share IS NOT NULL
) AS o
WHERE w.worker_id = $1
RETURNING CASE WHEN $3 THEN o.share ELSE 0 END

-- name: find_wildcard_verdicts
-- What was learnt lately about these parents, through the same resolvers.
SELECT parent, addresses, addresses_v6, canonical_names, probe_count, varies
FROM wildcard_verdicts
WHERE view_key = $1 AND parent = ANY($2::text[]) AND learnt_at >= $3

-- name: upsert_wildcard_verdicts
-- The newest look at a parent stands, whoever took it.
INSERT INTO wildcard_verdicts AS w (
    view_key, learnt_at, parent, addresses, addresses_v6, canonical_names, probe_count, varies
)
SELECT $1, $2, u.parent, u.addresses, u.addresses_v6, u.canonical_names, u.probe_count, u.varies
FROM unnest($3::text[], $4::bytea[], $5::bytea[], $6::text[], $7::smallint[], $8::boolean[])
    AS u (parent, addresses, addresses_v6, canonical_names, probe_count, varies)
ON CONFLICT (view_key, parent) DO UPDATE SET
    learnt_at = excluded.learnt_at, addresses = excluded.addresses, addresses_v6 = excluded.addresses_v6,
    canonical_names = excluded.canonical_names, probe_count = excluded.probe_count, varies = excluded.varies
WHERE w.learnt_at <= excluded.learnt_at

-- name: delete_old_wildcard_verdicts
-- Nobody believes these any more; some at a time, and whoever else is at it takes others.
DELETE FROM wildcard_verdicts w
USING (
    SELECT view_key, parent
    FROM wildcard_verdicts
    WHERE learnt_at < $1
    ORDER BY learnt_at
    LIMIT $2::integer
    FOR UPDATE SKIP LOCKED
) AS old
WHERE w.view_key = old.view_key AND w.parent = old.parent

-- name: list_workers
-- All workers that were heard of lately.
SELECT worker_id, host, process_id, version, chunks_held, draining, started_at, heartbeat_at, rate_per_second
FROM workers
ORDER BY started_at, worker_id
LIMIT 1000

-- name: find_run_situation
-- Why does it move, or not: the newest run of the current phase, and what its chunks are doing.
SELECT
    r.run_id, r.phase_status, r.plan, r.rate_per_second, r.error_message, r.network, r.configuration,
    count(c.number) AS chunk_count,
    count(*) FILTER (WHERE c.state = 'pending') AS pending_count,
    count(*) FILTER (WHERE c.state = 'leased' AND c.leased_until >= $2) AS leased_count,
    count(*) FILTER (WHERE c.state = 'leased' AND c.leased_until < $2) AS lapsed_count,
    min(c.leased_until) FILTER (WHERE c.state = 'leased') AS first_lease_end
FROM phase_runs r
LEFT JOIN chunks c ON c.run_id = r.run_id
WHERE r.run_id = (
    SELECT n.run_id FROM phase_runs n WHERE n.campaign_id = $1 AND n.phase = $3 ORDER BY n.number DESC LIMIT 1
)
GROUP BY r.run_id

-- name: claim_retired_set
-- The one that was retired first, if whoever may still read it has had time to come to an end.
SELECT set_id, phase
FROM retired_sets
WHERE retired_at <= $1
ORDER BY retired_at, set_id
LIMIT 1
FOR UPDATE SKIP LOCKED

-- name: postpone_retired_set
-- Somebody reads its table without end: others have their turn first.
UPDATE retired_sets SET retired_at = $2 WHERE set_id = $1

-- name: delete_names_of_set
-- The next positions of a small set, which shares its table with others. A range, which is one walk through the key
-- whatever the planner believes; joined by position, it took nested loops, and minutes.
DELETE FROM names
WHERE set_id = $1 AND position < (SELECT position FROM names WHERE set_id = $1 ORDER BY position LIMIT 1) + $2::integer

-- name: delete_dns_results_of_set
-- The same.
DELETE FROM dns_results
WHERE set_id = $1 AND position < (SELECT position FROM dns_results WHERE set_id = $1 ORDER BY position LIMIT 1) + $2::integer

-- name: delete_http_results_of_set
-- The same.
DELETE FROM http_results
WHERE set_id = $1 AND position < (SELECT position FROM http_results WHERE set_id = $1 ORDER BY position LIMIT 1) + $2::integer

-- name: delete_scores_of_set
-- The same.
DELETE FROM scores
WHERE set_id = $1 AND position < (SELECT position FROM scores WHERE set_id = $1 ORDER BY position LIMIT 1) + $2::integer

-- name: delete_run
-- A run whose set is gone: with its chunks and its leased ranges.
DELETE FROM phase_runs WHERE run_id = $1

-- name: delete_name_set
-- Imported names that are gone.
DELETE FROM name_sets WHERE set_id = $1

-- name: delete_retired_set
-- Nothing of it is left.
DELETE FROM retired_sets WHERE set_id = $1

-- name: claim_deleted_campaign
-- One whose sets are gone, and whose watchers were told.
SELECT c.campaign_id
FROM campaigns c
WHERE c.deleted_at <= $1 AND NOT EXISTS (SELECT FROM retired_sets s WHERE s.campaign_id = c.campaign_id)
ORDER BY c.deleted_at
LIMIT 1
FOR UPDATE SKIP LOCKED

-- name: delete_rejects_of_campaign
-- Lines that one of its imports refused; there can be millions. A range of one import's, for the same reason.
WITH first AS (
    SELECT i.import_id, r.line
    FROM imports i
    CROSS JOIN LATERAL (
        SELECT j.line FROM import_rejects j WHERE j.import_id = i.import_id ORDER BY j.line LIMIT 1
    ) AS r
    WHERE i.campaign_id = $1
    LIMIT 1
)
DELETE FROM import_rejects r USING first f WHERE r.import_id = f.import_id AND r.line < f.line + $2::bigint

-- name: delete_campaign
-- The rest of it is small: its audit trail, its imports, its last state.
DELETE FROM campaigns WHERE campaign_id = $1

-- name: list_run_counts
-- Runs under way, of all tenants, for whoever watches the installation.
SELECT phase, phase_status, count(*) AS run_count
FROM phase_runs
WHERE phase_status IN ('running', 'paused')
GROUP BY phase, phase_status

-- name: list_chunk_counts
-- What running runs have still to do.
SELECT c.state, count(*) AS chunk_count
FROM phase_runs r
JOIN chunks c ON c.run_id = r.run_id AND c.state <> 'done'
WHERE r.phase_status = 'running'
GROUP BY c.state

-- name: find_standing
-- Numbers of the whole installation.
SELECT
    (SELECT count(*) FROM workers WHERE heartbeat_at >= $2) AS worker_count,
    (SELECT count(*) FROM retired_sets) AS retired_count,
    (
        SELECT coalesce(extract(epoch FROM $1::timestamptz - min(greatest(counted_at, started_at))), 0)::double precision
        FROM phase_runs
        WHERE phase_status = 'running'
    ) AS progress_age_seconds

-- name: try_tally_lock
-- One who tallies at a time is enough; the lock ends with the transaction.
SELECT pg_try_advisory_xact_lock(7242303)

-- name: tally_runs
-- What runs found since they were last tallied is today's. All that are under way or were lately, or the one of $2. The
-- time in which one ran is counted up to $3 between two tallies: nothing is done while nobody is there to tally.
WITH present AS (
    SELECT
        r.run_id, r.campaign_id, c.tenant_id, r.phase, r.phase_status,
        r.succeeded_count - coalesce(t.succeeded, 0) AS succeeded, r.negative_count - coalesce(t.negative, 0) AS negative,
        r.failed_count - coalesce(t.failed, 0) AS failed,
        CASE WHEN r.phase_status = 'running' THEN $1::timestamptz ELSE coalesce(r.finished_at, r.counted_at, r.started_at) END
            - coalesce(t.tallied_at, r.started_at) AS busy,
        t.tallied_at IS NULL OR t.phase_status <> r.phase_status AS is_news
    FROM phase_runs r
    JOIN campaigns c USING (campaign_id)
    LEFT JOIN LATERAL (
        SELECT
            sum(d.succeeded_count)::bigint AS succeeded, sum(d.negative_count)::bigint AS negative,
            sum(d.failed_count)::bigint AS failed, max(d.tallied_at) AS tallied_at,
            (array_agg(d.phase_status ORDER BY d.day DESC))[1] AS phase_status
        FROM run_days d
        WHERE d.run_id = r.run_id
    ) AS t ON true
    WHERE r.run_id = $2
       OR ($2::integer IS NULL AND (r.phase_status = 'running' OR coalesce(r.counted_at, r.started_at) >= $1 - interval '7 days'))
)
INSERT INTO run_days AS d (
    run_id, day, tenant_id, campaign_id, phase, phase_status, succeeded_count, negative_count, failed_count, busy_seconds,
    tallied_at
)
SELECT
    run_id, ($1 AT TIME ZONE 'UTC')::date, tenant_id, campaign_id, phase, phase_status, succeeded, negative, failed,
    greatest(0, extract(epoch FROM least(busy, $3::interval))), $1
FROM present
WHERE is_news OR phase_status = 'running' OR succeeded <> 0 OR negative <> 0 OR failed <> 0
ON CONFLICT (run_id, day) DO UPDATE SET
    phase_status = excluded.phase_status, tallied_at = excluded.tallied_at,
    succeeded_count = d.succeeded_count + excluded.succeeded_count,
    negative_count = d.negative_count + excluded.negative_count,
    failed_count = d.failed_count + excluded.failed_count,
    busy_seconds = d.busy_seconds + excluded.busy_seconds

-- name: delete_old_run_days
-- A bounded number at a time.
DELETE FROM run_days WHERE (run_id, day) IN (
    SELECT run_id, day FROM run_days WHERE day < ($1::timestamptz AT TIME ZONE 'UTC')::date ORDER BY day LIMIT $2 FOR UPDATE SKIP LOCKED
)

-- name: list_work
-- Days or weeks ($3) from an instant on, of one tenant or of all, by phase. How a run ended counts where it last stood.
SELECT
    date_trunc($3, d.day::timestamp)::date AS begins, d.phase,
    count(DISTINCT d.campaign_id) AS campaign_count,
    sum(d.succeeded_count)::bigint AS succeeded, sum(d.negative_count)::bigint AS negative,
    sum(d.failed_count)::bigint AS failed, sum(d.busy_seconds) AS busy_seconds,
    count(DISTINCT d.run_id) FILTER (WHERE d.phase_status = 'completed') AS completed_count,
    count(DISTINCT d.run_id) FILTER (WHERE d.phase_status = 'failed') AS failed_run_count,
    count(DISTINCT d.run_id) FILTER (WHERE d.phase_status = 'cancelled') AS cancelled_count
FROM run_days d
WHERE d.day >= date_trunc($3, $1::timestamptz AT TIME ZONE 'UTC')::date AND ($2::uuid IS NULL OR d.tenant_id = $2)
GROUP BY 1, 2
ORDER BY 1, array_position(ARRAY['domain_generation', 'dns_validation', 'http_validation', 'analysis'], d.phase)

-- name: list_campaign_acts
-- The same periods: campaigns that were created and deleted.
SELECT
    date_trunc($3, a.occurred_at AT TIME ZONE 'UTC')::date AS begins,
    count(*) FILTER (WHERE a.act = 'campaign_created') AS created_count,
    count(*) FILTER (WHERE a.act = 'campaign_deleted') AS deleted_count
FROM acts a
WHERE a.occurred_at >= date_trunc($3, $1::timestamptz AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'
  AND a.act IN ('campaign_created', 'campaign_deleted') AND ($2::uuid IS NULL OR a.tenant_id = $2)
GROUP BY 1
ORDER BY 1
