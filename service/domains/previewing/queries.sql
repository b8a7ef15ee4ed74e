-- name: find_free_spaces
-- What is left of a pattern's spaces, as they are now; a TLD that nobody used has no row.
SELECT tld, next_offset FROM pattern_spaces WHERE tenant_id = $1 AND pattern_key = $2 AND tld = ANY($3::text[])

-- name: find_inputs
-- How many names a campaign has, made or imported, and how many of them have an address.
SELECT coalesce(s.row_count, r.succeeded_count) AS name_count, d.outcome_counts[$3::integer] AS resolved_count
FROM campaigns c
LEFT JOIN name_sets s ON s.set_id = c.name_set_id
LEFT JOIN phase_runs r ON r.run_id = c.name_set_id AND r.phase_status = 'completed'
LEFT JOIN phase_runs d ON d.run_id = c.dns_set_id AND d.phase_status = 'completed'
WHERE c.campaign_id = $1 AND c.tenant_id = $2 AND c.deleted_at IS NULL

-- name: measure_rate
-- Names a second over the tenant's last completed runs of a phase in the same network.
SELECT (sum(m.done) / nullif(sum(m.seconds), 0))::double precision
FROM (
    SELECT
        r.succeeded_count + r.negative_count + r.failed_count AS done,
        extract(epoch FROM r.finished_at - r.started_at) AS seconds
    FROM phase_runs r
    JOIN campaigns c USING (campaign_id)
    WHERE c.tenant_id = $1 AND r.phase = $2 AND r.network = $3 AND r.phase_status = 'completed' AND r.total_count > 0
    ORDER BY r.run_id DESC
    LIMIT 20
) AS m

-- name: count_live_workers
-- Those that were heard of lately.
SELECT count(*) FROM workers WHERE heartbeat_at >= $1 AND NOT draining
