-- name: find_principal
-- Whose key is this? Revoked keys are nobody's.
SELECT tenant_id, key_id, name FROM api_keys WHERE secret_hash = $1 AND revoked_at IS NULL

-- name: count_keys
-- Zero on a new database: the first start makes one.
SELECT count(*) FROM api_keys WHERE revoked_at IS NULL

-- name: find_tenant
-- By its name, for the command line.
SELECT tenant_id FROM tenants WHERE name = $1

-- name: insert_tenant
-- A tenant is only a name and an id.
INSERT INTO tenants (name, created_at) VALUES ($1, $2) RETURNING tenant_id

-- name: insert_key
-- The secret itself is never stored.
INSERT INTO api_keys (tenant_id, name, secret_hash, hint, created_at) VALUES ($1, $2, $3, $4, $5) RETURNING key_id

-- name: list_keys
-- All keys of a tenant, newest first; a tenant has few.
SELECT key_id, name, hint, created_at, revoked_at FROM api_keys WHERE tenant_id = $1 ORDER BY key_id DESC LIMIT 1000

-- name: revoke_key
-- Revoking twice changes nothing.
UPDATE api_keys SET revoked_at = coalesce(revoked_at, $3) WHERE key_id = $1 AND tenant_id = $2
