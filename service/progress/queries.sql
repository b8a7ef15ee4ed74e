-- name: upsert_progress_state
-- The newest state replaces the one before; sequence counts the changes. changed_in lets readers find what is new.
INSERT INTO progress_states AS p (
    campaign_id, tenant_id, sequence, phase, phase_status, processed_count, total_count,
    succeeded_count, negative_count, failed_count, rate_per_second, occurred_at
)
VALUES ($1, $2, 1, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (campaign_id) DO UPDATE SET
    sequence = p.sequence + 1,
    changed_in = pg_current_xact_id(),
    phase = excluded.phase,
    phase_status = excluded.phase_status,
    processed_count = excluded.processed_count,
    total_count = excluded.total_count,
    succeeded_count = excluded.succeeded_count,
    negative_count = excluded.negative_count,
    failed_count = excluded.failed_count,
    rate_per_second = excluded.rate_per_second,
    occurred_at = greatest(excluded.occurred_at, p.occurred_at)

-- name: mark_state_deleted
-- Nothing follows this; it stays for a while, so that watchers who were away are told too.
UPDATE progress_states
SET
    deleted = true, sequence = sequence + 1, changed_in = pg_current_xact_id(), rate_per_second = 0,
    occurred_at = greatest($2, occurred_at)
WHERE campaign_id = $1

-- name: find_horizon
-- Transactions below this one have all ended: what they wrote is visible from now on.
SELECT pg_snapshot_xmin(pg_current_snapshot())::text

-- name: list_changed_states
-- What was written at or after the horizon of the last look; the new horizon comes from the same snapshot.
SELECT
    campaign_id, tenant_id, sequence, phase, phase_status, processed_count, total_count,
    succeeded_count, negative_count, failed_count, rate_per_second, occurred_at, deleted
FROM progress_states
WHERE changed_in >= $1::text::xid8

-- name: list_states_of_campaigns
-- The snapshot for a new subscription to some campaigns of one tenant; also that one of them was deleted lately.
SELECT
    campaign_id, tenant_id, sequence, phase, phase_status, processed_count, total_count,
    succeeded_count, negative_count, failed_count, rate_per_second, occurred_at, deleted
FROM progress_states
WHERE tenant_id = $1 AND campaign_id = ANY($2::uuid[])

-- name: list_states_of_tenant
-- The snapshot for a new subscription to all campaigns of one tenant, newest first.
SELECT
    campaign_id, tenant_id, sequence, phase, phase_status, processed_count, total_count,
    succeeded_count, negative_count, failed_count, rate_per_second, occurred_at, deleted
FROM progress_states
WHERE tenant_id = $1 AND NOT deleted
ORDER BY campaign_id DESC
LIMIT $2
