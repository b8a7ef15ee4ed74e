-- name: insert_campaign
-- Both halves say where it stands.
INSERT INTO campaigns (
    id, name, user_id, campaign_type, status, progress_percentage, current_phase, phase_status, progress,
    is_full_sequence_mode, auto_advance_phases, total_items, discovery_config_hash
)
VALUES ($1, $2, $3, 'lead_generation', 'pending', 0, 'domain_generation', 'configured', 0, true, true, $4, $5)

-- name: insert_generation
INSERT INTO domain_generation_campaign_params (
    campaign_id, pattern_type, variable_length, character_set, constant_string, tld, num_domains_to_generate,
    total_possible_combinations
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)

-- name: insert_phases
INSERT INTO campaign_phases (id, campaign_id, phase_type, phase_order, status)
SELECT gen_random_uuid(), $1, phase_type, phase_order, 'configured'
FROM unnest($2::text[]) WITH ORDINALITY AS phases (phase_type, phase_order)

-- name: insert_counters
INSERT INTO campaign_domain_counters (campaign_id) VALUES ($1)

-- name: insert_job
INSERT INTO campaign_jobs (id, campaign_id, job_type, status) VALUES (gen_random_uuid(), $1, $2, 'queued')

-- name: insert_event
INSERT INTO campaign_state_events (campaign_id, event_type, phase, old_state, new_state, actor)
VALUES ($1, $2, $3, $4, $5, 'system')

-- name: claim_job
UPDATE campaign_jobs
SET status = 'running', attempts = attempts + 1, locked_at = now(), updated_at = now()
WHERE id = (
    SELECT id
    FROM campaign_jobs
    WHERE status IN ('pending', 'queued')
    ORDER BY scheduled_at
    LIMIT 1
    FOR UPDATE SKIP LOCKED
)
RETURNING id, campaign_id, job_type

-- name: finish_job
UPDATE campaign_jobs SET status = $2, last_error = $3, locked_at = NULL, updated_at = now() WHERE id = $1

-- name: get_campaign
-- What a phase must know: the pattern, how many names there are, and how many of them resolve.
SELECT
    p.pattern_type, p.variable_length, p.character_set, p.constant_string, p.tld, p.num_domains_to_generate,
    n.total, n.dns_ok
FROM domain_generation_campaign_params AS p
JOIN campaign_domain_counters AS n ON n.campaign_id = p.campaign_id
WHERE p.campaign_id = $1

-- name: start_phase
WITH phase AS (
    UPDATE campaign_phases
    SET status = 'in_progress', total_items = $3, started_at = now(), updated_at = now()
    WHERE campaign_id = $1 AND phase_type = $2
)
UPDATE campaigns
SET status = 'running', current_phase = $2, phase_status = 'in_progress', progress = 0, total_items = $3,
    processed_items = 0, successful_items = 0, failed_items = 0, started_at = coalesce(started_at, now()),
    updated_at = now()
WHERE id = $1

-- name: complete_phase
WITH phase AS (
    UPDATE campaign_phases
    SET status = 'completed', progress_percentage = 100, completed_at = now(), updated_at = now()
    WHERE campaign_id = $1 AND phase_type = $2
)
UPDATE campaigns
SET phase_status = 'completed', progress = 100, completed_phases = completed_phases + 1,
    progress_percentage = (completed_phases + 1) * 25,
    status = CASE WHEN completed_phases + 1 = total_phases THEN 'completed' ELSE status END,
    completed_at = CASE WHEN completed_phases + 1 = total_phases THEN now() END,
    updated_at = now()
WHERE id = $1

-- name: advance_campaign
-- Once a batch: the phase's counts, then both halves of the campaign.
WITH phase AS (
    UPDATE campaign_phases
    SET processed_items = processed_items + $3, successful_items = successful_items + $4,
        failed_items = failed_items + $5,
        progress_percentage = least(100, (processed_items + $3) * 100.0 / greatest(total_items, 1)), updated_at = now()
    WHERE campaign_id = $1 AND phase_type = $2
    RETURNING total_items, processed_items, successful_items, failed_items, progress_percentage
)
UPDATE campaigns AS c
SET progress_percentage = c.completed_phases * 25 + p.progress_percentage / 4, progress = p.progress_percentage,
    processed_items = p.processed_items, successful_items = p.successful_items, failed_items = p.failed_items,
    avg_processing_rate = p.processed_items / greatest(extract(epoch FROM now() - c.started_at), 1),
    last_heartbeat_at = now(), updated_at = now()
FROM phase AS p
WHERE c.id = $1
RETURNING c.total_items, c.processed_items, c.successful_items, c.failed_items, c.progress, c.progress_percentage

-- name: count_generated
UPDATE campaign_domain_counters
SET total = total + $2, dns_pending = dns_pending + $2, lead_pending = lead_pending + $2, updated_at = now()
WHERE campaign_id = $1
RETURNING total, dns_ok, http_ok, lead_match

-- name: count_resolved
UPDATE campaign_domain_counters
SET dns_pending = dns_pending - $2, dns_ok = dns_ok + $3, dns_error = dns_error + $4, dns_timeout = dns_timeout + $5,
    http_pending = http_pending + $3, updated_at = now()
WHERE campaign_id = $1
RETURNING total, dns_ok, http_ok, lead_match

-- name: count_fetched
UPDATE campaign_domain_counters
SET http_pending = http_pending - $2, http_ok = http_ok + $3, http_error = http_error + $4,
    http_timeout = http_timeout + $5, updated_at = now()
WHERE campaign_id = $1
RETURNING total, dns_ok, http_ok, lead_match

-- name: count_judged
UPDATE campaign_domain_counters
SET lead_pending = lead_pending - $2, lead_match = lead_match + $3, lead_no_match = lead_no_match + $4,
    lead_error = lead_error + $5, lead_timeout = lead_timeout + $6, updated_at = now()
WHERE campaign_id = $1
RETURNING total, dns_ok, http_ok, lead_match

-- name: upsert_offset
-- In the transaction that makes the names.
INSERT INTO domain_generation_config_states (config_hash, last_offset, config_details)
VALUES ($1, $2, $3)
ON CONFLICT (config_hash) DO UPDATE SET last_offset = excluded.last_offset, updated_at = now()

-- name: list_pending_names
-- The work queue of DNS, from its partial index.
SELECT offset_index, domain_name
FROM generated_domains
WHERE campaign_id = $1 AND dns_status IN ('pending', 'error', 'timeout') AND offset_index > $2
ORDER BY offset_index
LIMIT $3

-- name: list_resolved_names
-- The work queue of HTTP: names without an address are in its index too, and are passed over.
SELECT offset_index, domain_name
FROM generated_domains
WHERE campaign_id = $1 AND http_status IN ('pending', 'error', 'timeout') AND offset_index > $2 AND dns_status = 'ok'
ORDER BY offset_index
LIMIT $3

-- name: list_found
-- What analysis judges.
SELECT offset_index, dns_status, http_status, feature_vector
FROM generated_domains
WHERE campaign_id = $1 AND offset_index > $2
ORDER BY offset_index
LIMIT $3

-- name: update_resolved
-- In place, and only what is still pending, so that a batch that is repeated changes nothing.
UPDATE generated_domains AS d
SET dns_status = r.dns_status, dns_ip = r.dns_ip, dns_reason = r.dns_reason, last_validated_at = now()
FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[]) AS r (offset_index, dns_status, dns_ip, dns_reason)
WHERE d.campaign_id = $1 AND d.offset_index = r.offset_index AND d.dns_status = 'pending'

-- name: update_fetched
UPDATE generated_domains AS d
SET http_status = r.http_status, http_status_code = r.http_status_code, http_title = r.http_title,
    http_keywords = r.http_keywords, http_reason = r.http_reason, feature_vector = r.feature_vector::jsonb,
    is_parked = r.is_parked, parked_confidence = r.parked_confidence, last_http_fetched_at = now()
FROM unnest(
    $2::bigint[], $3::text[], $4::integer[], $5::text[], $6::text[], $7::text[], $8::text[], $9::boolean[], $10::real[]
) AS r (
    offset_index, http_status, http_status_code, http_title, http_keywords, http_reason, feature_vector, is_parked,
    parked_confidence
)
WHERE d.campaign_id = $1 AND d.offset_index = r.offset_index AND d.http_status = 'pending'

-- name: update_judged
UPDATE generated_domains AS d
SET lead_status = r.lead_status, lead_score = r.score, domain_score = r.score, rejection_reason = r.rejection_reason
FROM unnest($2::bigint[], $3::text[], $4::real[], $5::text[]) AS r (offset_index, lead_status, score, rejection_reason)
WHERE d.campaign_id = $1 AND d.offset_index = r.offset_index AND d.lead_status = 'pending'

-- name: list_campaigns
-- A page of somebody's campaigns, each with its phases.
SELECT
    c.id, c.name, c.campaign_type, c.status, c.progress_percentage, c.current_phase, c.phase_status, c.progress,
    c.total_items, c.processed_items, c.successful_items, c.failed_items, c.created_at, c.updated_at, p.phases
FROM campaigns AS c
CROSS JOIN LATERAL (
    SELECT
        jsonb_agg(
            jsonb_build_object(
                'phaseType', phase_type, 'status', status, 'progressPercentage', progress_percentage,
                'totalItems', total_items, 'processedItems', processed_items, 'successfulItems', successful_items,
                'failedItems', failed_items, 'startedAt', started_at, 'completedAt', completed_at,
                'errorMessage', error_message
            )
            ORDER BY phase_order
        ) AS phases
    FROM campaign_phases
    WHERE campaign_id = c.id
) AS p
WHERE c.user_id = $1 AND (c.created_at, c.id) < ($2, $3)
ORDER BY c.created_at DESC, c.id DESC
LIMIT $4

-- name: get_phase_status
SELECT
    c.campaign_type, c.status, c.progress_percentage, c.current_phase, c.phase_status, c.progress,
    p.phase_type, p.status AS status_of_phase, p.progress_percentage AS progress_of_phase, p.total_items,
    p.processed_items, p.successful_items, p.failed_items, p.error_message, p.started_at, p.completed_at,
    n.total, n.dns_ok, n.dns_error, n.dns_timeout, n.http_ok, n.http_error, n.http_timeout, n.lead_match, n.lead_no_match
FROM campaigns AS c
JOIN campaign_phases AS p ON p.campaign_id = c.id
JOIN campaign_domain_counters AS n ON n.campaign_id = c.id
WHERE c.id = $1
ORDER BY p.phase_order

-- name: get_funnel
-- One aggregate over the campaign's domains.
SELECT
    count(*) AS generated,
    count(*) FILTER (WHERE dns_status = 'ok') AS dns_valid,
    count(*) FILTER (WHERE http_status = 'ok') AS http_valid,
    count(*) FILTER (WHERE http_keywords IS NOT NULL) AS keyword_hits,
    count(*) FILTER (WHERE domain_score IS NOT NULL) AS analyzed,
    count(*) FILTER (WHERE domain_score >= 0.8) AS high_potential,
    count(*) FILTER (WHERE lead_status = 'match') AS leads
FROM generated_domains
WHERE campaign_id = $1

-- name: list_domains
-- A page of domains that ended in one way; with it comes how many there are, and how the others ended.
SELECT
    d.offset_index, d.domain_name, d.dns_status, d.dns_ip, d.dns_reason, d.http_status, d.http_status_code, d.http_title,
    d.http_keywords, d.http_reason, d.lead_status, d.domain_score, d.rejection_reason,
    (SELECT count(*) FROM generated_domains WHERE campaign_id = $1 AND dns_status = $2) AS total,
    n.dns_ok, n.dns_error, n.dns_timeout, n.http_ok, n.http_error, n.http_timeout, n.lead_match, n.lead_no_match
FROM campaign_domain_counters AS n
JOIN generated_domains AS d ON d.campaign_id = n.campaign_id
WHERE n.campaign_id = $1 AND d.dns_status = $2 AND d.offset_index > $3
ORDER BY d.offset_index
LIMIT $4

-- name: list_leads
-- The best of a campaign, and how many there are.
SELECT
    d.offset_index, d.domain_name, d.dns_ip, d.http_status_code, d.http_title, d.http_keywords, d.feature_vector,
    d.lead_status, d.domain_score, d.rejection_reason,
    (SELECT count(*) FROM generated_domains WHERE campaign_id = $1 AND lead_status = 'match') AS total
FROM generated_domains AS d
WHERE d.campaign_id = $1 AND d.lead_status = 'match'
ORDER BY d.domain_score DESC
LIMIT $2

-- name: delete_domains
DELETE FROM generated_domains WHERE campaign_id = $1

-- name: delete_campaign
-- All that is kept of it beside its domains.
WITH
jobs AS (DELETE FROM campaign_jobs WHERE campaign_id = $1),
events AS (DELETE FROM campaign_state_events WHERE campaign_id = $1),
phases AS (DELETE FROM campaign_phases WHERE campaign_id = $1),
configurations AS (DELETE FROM phase_configurations WHERE campaign_id = $1),
generation AS (DELETE FROM domain_generation_campaign_params WHERE campaign_id = $1),
counters AS (DELETE FROM campaign_domain_counters WHERE campaign_id = $1)
DELETE FROM campaigns WHERE id = $1
