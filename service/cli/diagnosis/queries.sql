-- name: find_server
-- What the server is, and what it is doing: everything that decides whether work can be done at all.
SELECT
    current_setting('server_version') AS server_version,
    clock_timestamp() AS clock,
    pg_is_in_recovery() AS is_standby,
    current_setting('default_transaction_read_only') = 'on' AS is_read_only,
    current_setting('server_encoding') AS server_encoding,
    (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS connection_count,
    (
        SELECT max(extract(epoch FROM clock_timestamp() - xact_start))
        FROM pg_stat_activity
        WHERE backend_type = 'client backend' AND datname = current_database() AND pid <> pg_backend_pid()
    ) AS oldest_transaction_seconds

-- name: list_server_settings
-- The settings that matter, as numbers and units where they are numbers.
SELECT name, setting, coalesce(unit, '') AS unit FROM pg_settings WHERE name = ANY($1::text[])

-- name: list_running_resolvers
-- Whom the campaigns under way ask; those in the sandbox that name none ask its own.
SELECT DISTINCT resolver
FROM campaigns c
CROSS JOIN LATERAL jsonb_array_elements_text(c.configuration -> 'dnsValidation' -> 'resolvers') AS resolver
WHERE c.phase_status IN ('running', 'paused')
ORDER BY resolver
LIMIT $1
