-- name: insert_campaign
-- A campaign begins pending in its initial phase.
INSERT INTO campaigns (tenant_id, name, initial_phase, current_phase, phase_status, configuration, created_at, updated_at)
VALUES ($1, $2, $3, $3, 'pending', $4::text::jsonb, $5, $5)
RETURNING
    campaign_id, tenant_id, name, initial_phase, current_phase, phase_status, configuration, version,
    name_set_id, dns_set_id, http_set_id, score_set_id, created_at, updated_at

-- name: find_campaign
-- One campaign of one tenant, with the counts of its current phase's newest run.
SELECT
    c.campaign_id, c.tenant_id, c.name, c.initial_phase, c.current_phase, c.phase_status, c.configuration, c.version,
    c.name_set_id, c.dns_set_id, c.http_set_id, c.score_set_id, c.created_at, c.updated_at,
    p.processed_count, p.total_count
FROM campaigns c
JOIN progress_states p USING (campaign_id)
WHERE c.campaign_id = $1 AND c.tenant_id = $2 AND c.deleted_at IS NULL

-- name: list_campaigns
-- A page, newest first (ids are in the order of creation); $3 is the last id of the page before.
SELECT
    c.campaign_id, c.tenant_id, c.name, c.initial_phase, c.current_phase, c.phase_status, c.configuration, c.version,
    c.name_set_id, c.dns_set_id, c.http_set_id, c.score_set_id, c.created_at, c.updated_at,
    p.processed_count, p.total_count
FROM campaigns c
JOIN progress_states p USING (campaign_id)
WHERE c.tenant_id = $1 AND c.deleted_at IS NULL
  AND ($2::uuid IS NULL OR c.campaign_id < $2)
  AND ($3::text IS NULL OR c.current_phase = $3)
  AND ($4::text IS NULL OR c.phase_status = $4)
ORDER BY c.campaign_id DESC
LIMIT $5

-- name: lock_campaign
-- Commands on one campaign take turns; the tenant is part of the key, so another tenant's campaign is not found, and
-- one that was deleted by whoever was before us is not found either.
SELECT
    campaign_id, tenant_id, name, initial_phase, current_phase, phase_status, configuration, version,
    name_set_id, dns_set_id, http_set_id, score_set_id, created_at, updated_at
FROM campaigns
WHERE campaign_id = $1 AND tenant_id = $2 AND deleted_at IS NULL
FOR UPDATE

-- name: lock_rested_campaigns
-- What ended and was not touched since $1, of all tenants; whoever is at work on one keeps it.
SELECT
    campaign_id, tenant_id, name, initial_phase, current_phase, phase_status, configuration, version,
    name_set_id, dns_set_id, http_set_id, score_set_id, created_at, updated_at
FROM campaigns
WHERE deleted_at IS NULL AND phase_status IN ('completed', 'failed', 'cancelled') AND updated_at < $1
ORDER BY updated_at
LIMIT $2
FOR UPDATE SKIP LOCKED

-- name: lock_campaign_of_run
-- The same for the data plane, which knows runs and acts for no tenant.
SELECT
    c.campaign_id, c.tenant_id, c.name, c.initial_phase, c.current_phase, c.phase_status, c.configuration, c.version,
    c.name_set_id, c.dns_set_id, c.http_set_id, c.score_set_id, c.created_at, c.updated_at
FROM campaigns c
WHERE c.campaign_id = (SELECT r.campaign_id FROM phase_runs r WHERE r.run_id = $1) AND c.deleted_at IS NULL
FOR UPDATE

-- name: update_campaign_state
-- Where it stands now; the version moves with it.
UPDATE campaigns
SET current_phase = $2, phase_status = $3, version = version + 1, updated_at = $4
WHERE campaign_id = $1

-- name: update_campaign
-- What a person calls it, and how its phases are to be done from now on; the version moves with the audit's line.
UPDATE campaigns SET name = $2, configuration = $3::text::jsonb WHERE campaign_id = $1

-- name: hide_campaign
-- Deleted: nobody finds it from now on.
UPDATE campaigns SET deleted_at = $2, updated_at = $2 WHERE campaign_id = $1

-- name: cancel_runs
-- Of a campaign that is being deleted: nothing of it is to be planned, claimed or finished any more.
UPDATE phase_runs SET phase_status = 'cancelled', finished_at = $2, rate_per_second = 0
WHERE campaign_id = $1 AND phase_status IN ('running', 'paused')

-- name: retire_runs
-- Sets of a campaign's runs that nobody is to read any more, but for those in $3; of one phase, or of all.
INSERT INTO retired_sets (set_id, phase, campaign_id, retired_at)
SELECT r.run_id, r.phase, r.campaign_id, $4
FROM phase_runs r
WHERE r.campaign_id = $1 AND ($2::text IS NULL OR r.phase = $2) AND r.run_id <> ALL($3::integer[])
ON CONFLICT DO NOTHING

-- name: retire_name_sets
-- The same for sets of names that were imported.
INSERT INTO retired_sets (set_id, phase, campaign_id, retired_at)
SELECT s.set_id, 'domain_generation', s.campaign_id, $3
FROM name_sets s
WHERE s.campaign_id = $1 AND s.set_id <> ALL($2::integer[])
ON CONFLICT DO NOTHING

-- name: delete_retired_chunks
-- Whoever holds a chunk of a retired run is fenced off: it finds no chunk to write for. In their order, as leases are
-- renewed, so that the two never wait for each other in a ring.
WITH fenced AS (
    SELECT c.run_id, c.number
    FROM chunks c
    JOIN retired_sets s ON s.set_id = c.run_id
    WHERE s.campaign_id = $1
    ORDER BY c.run_id, c.number
    FOR UPDATE OF c
)
DELETE FROM chunks c USING fenced f WHERE c.run_id = f.run_id AND c.number = f.number

-- name: has_older_results
-- Whether anything in a set was found before an instant. Results tell seconds since their run began.
SELECT EXISTS (
    SELECT FROM dns_results d WHERE d.set_id = $1 AND d.found_after < extract(epoch FROM $2::timestamptz - $3::timestamptz)
) OR EXISTS (
    SELECT FROM http_results h WHERE h.set_id = $1 AND h.found_after < extract(epoch FROM $2::timestamptz - $3::timestamptz)
)

-- name: update_campaign_set
-- Readers see this run's rows from now on; before the first run completes they may watch it grow.
UPDATE campaigns
SET
    name_set_id = CASE WHEN $2 = 'domain_generation' THEN $3 ELSE name_set_id END,
    dns_set_id = CASE WHEN $2 = 'dns_validation' THEN $3 ELSE dns_set_id END,
    http_set_id = CASE WHEN $2 = 'http_validation' THEN $3 ELSE http_set_id END,
    score_set_id = CASE WHEN $2 = 'analysis' THEN $3 ELSE score_set_id END
WHERE campaign_id = $1

-- name: next_small_set_id
-- Sets of modest size share a partition.
SELECT nextval('small_set_ids')::integer

-- name: next_large_set_id
-- A large set gets a partition of its own, made when its chunks are planned.
SELECT nextval('large_set_ids')::integer

-- name: find_name_set
-- Which set holds the campaign's names; nothing is locked.
SELECT name_set_id FROM campaigns WHERE campaign_id = $1 AND tenant_id = $2 AND deleted_at IS NULL

-- name: insert_name_set
-- A set of names that was imported: no run made it, so its size is written down here.
INSERT INTO name_sets (set_id, campaign_id, row_count) VALUES ($1, $2, $3)

-- name: insert_run
-- A new run of a phase, numbered within its campaign and phase.
INSERT INTO phase_runs (
    run_id, campaign_id, phase, number, phase_status, configuration, network,
    name_set_id, dns_set_id, http_set_id, total_count, shortfall_count, started_at, counted_at,
    kept_set_id, kept_since, plan, trace_parent
)
SELECT
    $1, $2, $3, coalesce(max(r.number), 0) + 1, 'running', $4::text::jsonb, $5, $6, $7, $8, $9, $10, $11, $11,
    $12::integer, $13::timestamptz, CASE WHEN $12::integer IS NULL THEN 'fresh' ELSE 'keep' END, $14
FROM phase_runs r
WHERE r.campaign_id = $2 AND r.phase = $3

-- name: lock_run
-- One run, by its id; taken after its campaign.
SELECT
    run_id, campaign_id, phase, number, phase_status, stale, total_count, shortfall_count, succeeded_count,
    negative_count, failed_count, retrying_count, outcome_counts, rate_per_second, counted_at, plan,
    started_at, finished_at, error_code, error_message, trace_parent
FROM phase_runs
WHERE run_id = $1
FOR UPDATE

-- name: lock_newest_run
-- The newest run of one phase of a campaign.
SELECT
    run_id, campaign_id, phase, number, phase_status, stale, total_count, shortfall_count, succeeded_count,
    negative_count, failed_count, retrying_count, outcome_counts, rate_per_second, counted_at, plan,
    started_at, finished_at, error_code, error_message, trace_parent
FROM phase_runs
WHERE campaign_id = $1 AND phase = $2
ORDER BY number DESC
LIMIT 1
FOR UPDATE

-- name: list_newest_runs
-- The newest run of each phase of a campaign.
SELECT DISTINCT ON (phase)
    run_id, campaign_id, phase, number, phase_status, stale, total_count, shortfall_count, succeeded_count,
    negative_count, failed_count, retrying_count, outcome_counts, rate_per_second, counted_at, plan,
    started_at, finished_at, error_code, error_message, trace_parent
FROM phase_runs
WHERE campaign_id = $1
ORDER BY phase, number DESC

-- name: find_set_counts
-- How many rows a set holds, and how many of each outcome: what the next phase's total is made from.
SELECT succeeded_count, outcome_counts FROM phase_runs WHERE run_id = $1
UNION ALL
SELECT row_count, '{}' FROM name_sets WHERE set_id = $1

-- name: update_run_status
-- Pause, resume, cancel, fail, complete. A status that is not an end clears the end.
UPDATE phase_runs
SET
    phase_status = $2,
    finished_at = CASE WHEN $2 IN ('completed', 'failed', 'cancelled') THEN $3::timestamptz END,
    counted_at = $3,
    rate_per_second = CASE WHEN $2 = 'running' THEN rate_per_second ELSE 0 END,
    error_code = $4,
    error_message = $5
WHERE run_id = $1

-- name: update_run_counts
-- What its chunks add up to now.
UPDATE phase_runs
SET
    succeeded_count = $2, negative_count = $3, failed_count = $4, retrying_count = $5, outcome_counts = $6,
    keyword_page_count = $7, rate_per_second = $8, counted_at = $9
WHERE run_id = $1

-- name: update_run_to_continue
-- A run that had ended goes on: what can be retried is no longer counted as processed.
UPDATE phase_runs
SET
    phase_status = 'running', finished_at = NULL, error_code = NULL, error_message = NULL, counted_at = $2,
    stale = false,
    failed_count = failed_count - $3,
    retrying_count = retrying_count + $3,
    trace_parent = coalesce($4, trace_parent),
    plan = CASE WHEN plan = 'planned' AND $3 > 0 THEN 'retry' ELSE plan END
WHERE run_id = $1

-- name: mark_runs_stale
-- Results of later phases stand on something that is being done again.
UPDATE phase_runs SET stale = true WHERE campaign_id = $1 AND phase = ANY($2::text[])

-- name: insert_pattern_spaces
-- The first campaign of a pattern opens its spaces, one a TLD.
INSERT INTO pattern_spaces (tenant_id, pattern_key, tld, offset_count, next_offset)
SELECT $1, $2, tld, $4, 0 FROM unnest($3::text[]) AS tld
ON CONFLICT DO NOTHING

-- name: lock_pattern_spaces
-- In the order of their TLDs, so that two campaigns of one pattern never wait for each other in a ring.
SELECT tld, offset_count, next_offset
FROM pattern_spaces
WHERE tenant_id = $1 AND pattern_key = $2 AND tld = ANY($3::text[])
ORDER BY tld
FOR UPDATE

-- name: update_pattern_spaces
-- What is leased is never leased again.
UPDATE pattern_spaces s
SET next_offset = l.next_offset
FROM unnest($3::text[], $4::bigint[]) AS l (tld, next_offset)
WHERE s.tenant_id = $1 AND s.pattern_key = $2 AND s.tld = l.tld

-- name: insert_generation_ranges
-- Which positions of the new set are which offsets of which TLD's space.
INSERT INTO generation_ranges (run_id, first_position, end_position, tld, first_offset)
SELECT $1, * FROM unnest($2::integer[], $3::integer[], $4::text[], $5::bigint[])

-- name: insert_transition
-- The audit trail: one row for each command that changed something.
INSERT INTO phase_transitions (
    campaign_id, command, from_phase, from_phase_status, to_phase, to_phase_status, cause, reason, actor, occurred_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)

-- name: list_transitions
-- A page of the audit trail, newest first; $3 is the last id of the page before.
SELECT
    t.transition_id, t.command, t.from_phase, t.from_phase_status, t.to_phase, t.to_phase_status, t.cause, t.reason,
    t.actor, t.occurred_at
FROM phase_transitions t
WHERE t.campaign_id = $1 AND ($2::bigint IS NULL OR t.transition_id < $2)
ORDER BY t.transition_id DESC
LIMIT $3

-- name: insert_adopted_campaign
-- One that began elsewhere, at a time that its id tells too: lists are in the order of ids.
INSERT INTO campaigns (
    campaign_id, tenant_id, name, initial_phase, current_phase, phase_status, configuration, created_at, updated_at
)
VALUES (uuidv7($6::timestamptz - now()), $1, $2, $3, $3, 'pending', $4::text::jsonb, $6, $5)
RETURNING
    campaign_id, tenant_id, name, initial_phase, current_phase, phase_status, configuration, version,
    name_set_id, dns_set_id, http_set_id, score_set_id, created_at, updated_at

-- name: insert_adopted_run
-- A run that was done elsewhere, or part of it. Nobody works on it before it is settled.
INSERT INTO phase_runs (
    run_id, campaign_id, phase, number, phase_status, configuration, network,
    name_set_id, dns_set_id, http_set_id, total_count, started_at, counted_at, plan
)
VALUES ($1, $2, $3, 1, 'cancelled', $4::text::jsonb, $5, $6, $7, $8, 0, $9, $10, 'planned')

-- name: settle_adopted_run
-- What was carried into it so far, and where it stands.
UPDATE phase_runs
SET
    phase_status = $2, stale = $3, total_count = $4, shortfall_count = $5, finished_at = $6, error_code = $7,
    error_message = $8, plan = $9, succeeded_count = $10, negative_count = $11, failed_count = $12,
    outcome_counts = $13, keyword_page_count = $14, counted_at = $15
WHERE run_id = $1

-- name: update_adopted_campaign
-- What it is called, how its phases are to be done, and where it stands.
UPDATE campaigns
SET
    name = $2, configuration = $3::text::jsonb, current_phase = $4, phase_status = $5, version = version + 1,
    updated_at = $6
WHERE campaign_id = $1

-- name: delete_transitions
-- A trail that is written anew.
DELETE FROM phase_transitions WHERE campaign_id = $1

-- name: insert_adopted_transitions
-- A trail from elsewhere: lines in their order, each beginning where the one before it ended.
INSERT INTO phase_transitions (
    campaign_id, command, from_phase, from_phase_status, to_phase, to_phase_status, cause, reason, actor, occurred_at
)
SELECT $1, * FROM unnest(
    $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::timestamptz[]
)

-- name: update_name_set
-- How many names a set has by now.
UPDATE name_sets SET row_count = $2 WHERE set_id = $1

-- name: hand_over_campaigns
-- To another tenant, all at once; whoever had them does not find them any more.
UPDATE campaigns SET tenant_id = $2, version = version + 1 WHERE campaign_id = ANY($1::uuid[])

-- name: hand_over_states
-- The same for what watchers are told.
UPDATE progress_states
SET tenant_id = $2, sequence = sequence + 1, changed_in = pg_current_xact_id()
WHERE campaign_id = ANY($1::uuid[])

-- name: delete_generation_ranges
-- Of a run that is given others.
DELETE FROM generation_ranges WHERE run_id = $1
