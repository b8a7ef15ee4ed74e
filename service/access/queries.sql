-- name: find_principal
-- Whose key is this? Revoked and expired keys are nobody's. It stands alone, so it takes the time itself.
SELECT tenant_id, key_id, name, scopes, expires_at, NULL::uuid AS session_id
FROM api_keys
WHERE secret_hash = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now() + $2::interval)

-- name: find_principal_of_session
-- Who opened this session? It ends with its key, at its end, and when it lies idle (not used since $3).
SELECT k.tenant_id, k.key_id, k.name, k.scopes, k.expires_at, s.session_id, s.used_at
FROM sessions s JOIN api_keys k USING (key_id)
WHERE s.secret_hash = $1 AND s.expires_at > $2 AND s.used_at > $3
    AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > $2)

-- name: list_ended_bearers
-- Of these keys, each with the session that spoke for it or null: which let nobody in any more? A session that is in
-- use is not idle, so only its end counts.
SELECT b.key_id, b.session_id
FROM unnest($1::uuid[], $2::uuid[]) AS b (key_id, session_id)
LEFT JOIN api_keys k ON k.key_id = b.key_id AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > $3)
LEFT JOIN sessions s ON s.session_id = b.session_id AND s.expires_at > $3
WHERE k.key_id IS NULL OR (b.session_id IS NOT NULL AND s.session_id IS NULL)

-- name: count_keys
-- Zero on a new database: the first start makes one.
SELECT count(*) FROM api_keys WHERE revoked_at IS NULL

-- name: find_tenant
-- By its name, for the command line.
SELECT tenant_id FROM tenants WHERE name = $1

-- name: insert_tenant
-- A tenant is only a name and an id.
INSERT INTO tenants (name, created_at) VALUES ($1, $2) RETURNING tenant_id

-- name: lock_tenant
-- Keys of one tenant are taken back one after the other, or two could take each other's last.
SELECT tenant_id FROM tenants WHERE tenant_id = $1 FOR UPDATE

-- name: insert_key
-- The secret itself is never stored.
INSERT INTO api_keys (tenant_id, name, secret_hash, hint, scopes, expires_at, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING key_id

-- name: list_keys
-- All keys of a tenant, newest first; a tenant has few.
SELECT key_id, name, hint, scopes, created_at, expires_at, revoked_at
FROM api_keys WHERE tenant_id = $1 ORDER BY key_id DESC LIMIT 1000

-- name: find_key
-- One key of a tenant, as it can be shown.
SELECT key_id, name, hint, scopes, created_at, expires_at, revoked_at
FROM api_keys WHERE key_id = $1 AND tenant_id = $2

-- name: count_other_admin_keys
-- What would be left to administer a tenant with, if this key were taken back.
SELECT count(*) FROM api_keys
WHERE tenant_id = $1 AND key_id <> $2 AND 'admin' = ANY (scopes)
    AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $3)

-- name: revoke_key
-- Revoking twice changes nothing.
UPDATE api_keys SET revoked_at = coalesce(revoked_at, $3) WHERE key_id = $1 AND tenant_id = $2

-- name: insert_session
-- As of keys, only the hash of a session's secret is stored.
INSERT INTO sessions (key_id, secret_hash, opened_at, used_at, expires_at)
VALUES ($1, $2, $3, $3, $4) RETURNING session_id

-- name: update_session_used
-- It is not idle. Written at most once a minute, not with each request.
UPDATE sessions SET used_at = $2 WHERE session_id = $1

-- name: update_sessions_used
-- Many at once, those not written since $3. Whoever holds one writes the same, or ends it: no waiting, so no deadlock.
UPDATE sessions SET used_at = $2 WHERE session_id IN (
    SELECT session_id FROM sessions WHERE session_id = ANY($1::uuid[]) AND used_at <= $3 FOR UPDATE SKIP LOCKED
)

-- name: delete_session
-- Closed by its bearer.
DELETE FROM sessions WHERE session_id = $1

-- name: delete_ended_sessions
-- Nobody can use them any more: past their end, or idle since $2. A bounded number at a time.
DELETE FROM sessions WHERE session_id IN (
    SELECT session_id FROM sessions WHERE expires_at <= $1 OR used_at <= $2 LIMIT $3 FOR UPDATE SKIP LOCKED
)

-- name: delete_old_acts
-- Before $1; a bounded number at a time, the oldest first.
DELETE FROM acts WHERE act_id IN (
    SELECT act_id FROM acts WHERE occurred_at < $1 ORDER BY act_id LIMIT $2 FOR UPDATE SKIP LOCKED
)

-- name: delete_ended_keys
-- Revoked or expired before $1; what they did stays known by their names.
DELETE FROM api_keys WHERE key_id IN (
    SELECT key_id FROM api_keys WHERE revoked_at < $1 OR expires_at < $1 ORDER BY key_id LIMIT $2 FOR UPDATE SKIP LOCKED
)

-- name: insert_act
-- In the transaction of the act itself.
INSERT INTO acts (tenant_id, actor, act, target, detail, occurred_at) VALUES ($1, $2, $3, $4, $5, $6)

-- name: list_acts
-- A page, newest first, from before $2 on.
SELECT act_id, actor, act, target, detail, occurred_at FROM acts
WHERE tenant_id = $1 AND ($2::bigint IS NULL OR act_id < $2)
ORDER BY act_id DESC LIMIT $3
