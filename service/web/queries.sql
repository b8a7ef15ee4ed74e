-- name: claim_answer
-- Only one request of a tenant and key at a time, until its transaction ends. Another is told so, rather than made to
-- wait: a waiter would hold a connection.
SELECT pg_try_advisory_xact_lock(hashtextextended($1::text || ' ' || $2::text, 0))

-- name: find_answer
-- What this tenant was answered when it asked with this key, unless that is too long ago.
SELECT request_hash, status, headers, body FROM kept_answers
WHERE tenant_id = $1 AND idempotency_key = $2 AND kept_at > $3

-- name: insert_answer
-- Beside the command itself, in one transaction; one that is too old and not yet cleared away is replaced.
INSERT INTO kept_answers (tenant_id, idempotency_key, request_hash, status, headers, body, kept_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (tenant_id, idempotency_key) DO UPDATE
SET request_hash = excluded.request_hash, status = excluded.status, headers = excluded.headers,
    body = excluded.body, kept_at = excluded.kept_at

-- name: delete_old_answers
-- A bounded number at a time.
DELETE FROM kept_answers WHERE (tenant_id, idempotency_key) IN (
    SELECT tenant_id, idempotency_key FROM kept_answers WHERE kept_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED
)

-- name: find_secret
-- A key that all servers of this database share; read when it is needed, so that changing the row is enough.
SELECT value FROM secrets WHERE name = $1
