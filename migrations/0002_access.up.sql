-- What a key may do and until when, sessions of browsers, answers that a repeated request gets again, and who did what.

ALTER TABLE api_keys
    ADD COLUMN scopes text[] NOT NULL DEFAULT '{read,write,admin}'
        CONSTRAINT api_keys_scopes CHECK (scopes <@ '{read,write,admin}' AND cardinality(scopes) > 0),
    ADD COLUMN expires_at timestamptz;

CREATE TABLE sessions (
    session_id uuid PRIMARY KEY DEFAULT uuidv7(),
    key_id uuid NOT NULL REFERENCES api_keys (key_id),
    secret_hash bytea NOT NULL CONSTRAINT sessions_secret_unique UNIQUE,
    opened_at timestamptz NOT NULL,
    used_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- Written in the transaction of the command that was asked for: after a crash there is neither, or both.
CREATE TABLE kept_answers (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    idempotency_key text COLLATE "C" NOT NULL,
    request_hash bytea NOT NULL,
    status smallint NOT NULL,
    headers jsonb NOT NULL,
    body bytea NOT NULL,
    kept_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, idempotency_key)
);
CREATE INDEX kept_answers_by_age ON kept_answers (kept_at);

-- Acts of people outside of a campaign's phases, which have phase_transitions.
CREATE TABLE acts (
    act_id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    actor text NOT NULL,
    act text NOT NULL CONSTRAINT acts_act CHECK (
        act IN ('key_made', 'key_revoked', 'session_opened', 'session_closed', 'campaign_created')
    ),
    target text NOT NULL,
    detail jsonb NOT NULL,
    occurred_at timestamptz NOT NULL
);
CREATE INDEX acts_by_tenant ON acts (tenant_id, act_id);
