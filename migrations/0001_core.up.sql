-- The core: who asks (tenants, keys), what was asked (campaigns, runs), how it is carried (chunks, leases), what came
-- of it (names, DNS, HTTP, scores) and what watchers see (progress). Results are inserted, never updated: one narrow
-- table per phase, keyed (set_id, position), range-partitioned by set; a set is one run's rows.

CREATE TABLE tenants (
    tenant_id uuid PRIMARY KEY DEFAULT uuidv7(),
    name text NOT NULL CONSTRAINT tenants_name_length CHECK (char_length(name) BETWEEN 1 AND 200),
    created_at timestamptz NOT NULL
);

CREATE TABLE api_keys (
    key_id uuid PRIMARY KEY DEFAULT uuidv7(),
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    name text NOT NULL CONSTRAINT api_keys_name_length CHECK (char_length(name) BETWEEN 1 AND 200),
    secret_hash bytea NOT NULL CONSTRAINT api_keys_secret_unique UNIQUE,
    hint text NOT NULL,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE INDEX api_keys_by_tenant ON api_keys (tenant_id, key_id);

CREATE TABLE campaigns (
    campaign_id uuid PRIMARY KEY DEFAULT uuidv7(),
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    name text NOT NULL CONSTRAINT campaigns_name_length CHECK (char_length(name) BETWEEN 1 AND 200),
    initial_phase text NOT NULL
        CONSTRAINT campaigns_initial_phase CHECK (initial_phase IN ('domain_generation', 'dns_validation', 'http_validation')),
    current_phase text NOT NULL CONSTRAINT campaigns_current_phase
        CHECK (current_phase IN ('domain_generation', 'dns_validation', 'http_validation', 'analysis')),
    phase_status text NOT NULL CONSTRAINT campaigns_phase_status
        CHECK (phase_status IN ('pending', 'running', 'paused', 'completed', 'failed', 'cancelled')),
    configuration jsonb NOT NULL,
    version bigint NOT NULL DEFAULT 1,
    name_set_id integer,
    dns_set_id integer,
    http_set_id integer,
    score_set_id integer,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX campaigns_by_tenant ON campaigns (tenant_id, campaign_id);

-- Two sequences, so that the rows of a large set get a partition of their own and small sets share one.
CREATE SEQUENCE small_set_ids AS integer MINVALUE 1 MAXVALUE 999999999;
CREATE SEQUENCE large_set_ids AS integer MINVALUE 1000000000;

CREATE TABLE phase_runs (
    run_id integer PRIMARY KEY,
    campaign_id uuid NOT NULL REFERENCES campaigns (campaign_id) ON DELETE CASCADE,
    phase text NOT NULL CONSTRAINT phase_runs_phase
        CHECK (phase IN ('domain_generation', 'dns_validation', 'http_validation', 'analysis')),
    number integer NOT NULL,
    phase_status text NOT NULL CONSTRAINT phase_runs_phase_status
        CHECK (phase_status IN ('running', 'paused', 'completed', 'failed', 'cancelled')),
    configuration jsonb NOT NULL,
    network text NOT NULL CONSTRAINT phase_runs_network CHECK (network IN ('internet', 'sandbox')),
    stale boolean NOT NULL DEFAULT false,
    -- the sets that this run reads; bound when it starts
    name_set_id integer,
    dns_set_id integer,
    http_set_id integer,
    total_count bigint NOT NULL CONSTRAINT phase_runs_total CHECK (total_count >= 0),
    shortfall_count bigint NOT NULL DEFAULT 0,
    succeeded_count bigint NOT NULL DEFAULT 0,
    negative_count bigint NOT NULL DEFAULT 0,
    failed_count bigint NOT NULL DEFAULT 0,
    retrying_count bigint NOT NULL DEFAULT 0,
    outcome_counts bigint[] NOT NULL DEFAULT '{}',
    rate_per_second double precision NOT NULL DEFAULT 0,
    counted_at timestamptz,
    -- what the planner still owes: chunks for everything, or for what can be retried
    plan text NOT NULL DEFAULT 'fresh' CONSTRAINT phase_runs_plan CHECK (plan IN ('fresh', 'retry', 'planned')),
    started_at timestamptz NOT NULL,
    finished_at timestamptz,
    error_code text,
    error_message text,
    CONSTRAINT phase_runs_number_unique UNIQUE (campaign_id, phase, number)
) WITH (fillfactor = 50);
CREATE INDEX phase_runs_running ON phase_runs (run_id) WHERE phase_status = 'running';

CREATE TABLE chunks (
    run_id integer NOT NULL REFERENCES phase_runs (run_id) ON DELETE CASCADE,
    number integer NOT NULL,
    kind text NOT NULL CONSTRAINT chunks_kind CHECK (kind IN ('fresh', 'remainder', 'retry')),
    state text NOT NULL DEFAULT 'pending' CONSTRAINT chunks_state CHECK (state IN ('pending', 'leased', 'done')),
    first_position integer NOT NULL,
    end_position integer NOT NULL,
    item_count integer NOT NULL,
    attempt_count integer NOT NULL DEFAULT 0,
    lease_id uuid,
    worker_id uuid,
    leased_until timestamptz,
    -- what this chunk added to the run; a retry takes away what it replaced
    succeeded_count integer NOT NULL DEFAULT 0,
    negative_count integer NOT NULL DEFAULT 0,
    failed_count integer NOT NULL DEFAULT 0,
    outcome_counts integer[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (run_id, number),
    CONSTRAINT chunks_range CHECK (first_position < end_position),
    CONSTRAINT chunks_lease CHECK ((state = 'leased') = (lease_id IS NOT NULL))
) WITH (fillfactor = 50);
CREATE INDEX chunks_unfinished ON chunks (run_id, number) WHERE state <> 'done';
CREATE INDEX chunks_leased ON chunks (lease_id) WHERE lease_id IS NOT NULL;

CREATE TABLE pattern_spaces (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    pattern_key bytea NOT NULL,
    tld text NOT NULL,
    offset_count bigint NOT NULL,
    next_offset bigint NOT NULL,
    PRIMARY KEY (tenant_id, pattern_key, tld),
    CONSTRAINT pattern_spaces_bounds CHECK (next_offset BETWEEN 0 AND offset_count)
);

CREATE TABLE generation_ranges (
    run_id integer NOT NULL REFERENCES phase_runs (run_id) ON DELETE CASCADE,
    first_position integer NOT NULL,
    end_position integer NOT NULL,
    tld text NOT NULL,
    first_offset bigint NOT NULL,
    PRIMARY KEY (run_id, first_position),
    CONSTRAINT generation_ranges_range CHECK (first_position < end_position)
);

CREATE TABLE phase_transitions (
    transition_id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    campaign_id uuid NOT NULL REFERENCES campaigns (campaign_id) ON DELETE CASCADE,
    command text NOT NULL,
    from_phase text NOT NULL,
    from_phase_status text NOT NULL,
    to_phase text NOT NULL,
    to_phase_status text NOT NULL,
    cause text NOT NULL CONSTRAINT phase_transitions_cause CHECK (cause IN ('user', 'automatic', 'failure')),
    reason text NOT NULL,
    actor text NOT NULL,
    occurred_at timestamptz NOT NULL
);
CREATE INDEX phase_transitions_by_campaign ON phase_transitions (campaign_id, transition_id);

-- The newest state of each campaign, as watchers see it. changed_in is the transaction that wrote it: a reader that
-- remembers the horizon of its last look (pg_snapshot_xmin) misses nothing, in whatever order transactions commit.
CREATE TABLE progress_states (
    campaign_id uuid PRIMARY KEY REFERENCES campaigns (campaign_id) ON DELETE CASCADE,
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    sequence bigint NOT NULL,
    changed_in xid8 NOT NULL DEFAULT pg_current_xact_id(),
    phase text NOT NULL,
    phase_status text NOT NULL,
    processed_count bigint NOT NULL,
    total_count bigint NOT NULL,
    succeeded_count bigint NOT NULL,
    negative_count bigint NOT NULL,
    failed_count bigint NOT NULL,
    rate_per_second double precision NOT NULL,
    occurred_at timestamptz NOT NULL
) WITH (fillfactor = 50);
CREATE INDEX progress_states_by_change ON progress_states (changed_in);
CREATE INDEX progress_states_by_tenant ON progress_states (tenant_id);

CREATE TABLE workers (
    worker_id uuid PRIMARY KEY,
    host text NOT NULL,
    process_id integer NOT NULL,
    version text NOT NULL,
    chunks_held integer NOT NULL DEFAULT 0,
    draining boolean NOT NULL DEFAULT false,
    started_at timestamptz NOT NULL,
    heartbeat_at timestamptz NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE names (
    set_id integer NOT NULL,
    position integer NOT NULL,
    name text COLLATE "C" NOT NULL,
    PRIMARY KEY (set_id, position)
) PARTITION BY RANGE (set_id);
CREATE TABLE names_shared PARTITION OF names FOR VALUES FROM (MINVALUE) TO (1000000000);

CREATE TABLE dns_results (
    set_id integer NOT NULL,
    position integer NOT NULL,
    outcome smallint NOT NULL,
    resolver smallint NOT NULL,
    duration_ms integer NOT NULL,
    addresses bytea,
    addresses_v6 bytea,
    canonical_name text COLLATE "C",
    PRIMARY KEY (set_id, position)
) PARTITION BY RANGE (set_id);
CREATE TABLE dns_results_shared PARTITION OF dns_results FOR VALUES FROM (MINVALUE) TO (1000000000);

CREATE TABLE http_results (
    set_id integer NOT NULL,
    position integer NOT NULL,
    outcome smallint NOT NULL,
    status_code smallint,
    title_hit boolean NOT NULL,
    unique_keywords smallint NOT NULL,
    keyword_hits integer NOT NULL,
    duration_ms integer NOT NULL,
    body_bytes integer NOT NULL,
    parked_confidence real NOT NULL,
    keyword_bits bigint NOT NULL,
    content_hash bigint,
    title text,
    final_url text,
    PRIMARY KEY (set_id, position)
) PARTITION BY RANGE (set_id);
CREATE TABLE http_results_shared PARTITION OF http_results FOR VALUES FROM (MINVALUE) TO (1000000000);

CREATE TABLE scores (
    set_id integer NOT NULL,
    position integer NOT NULL,
    score real NOT NULL,
    outcome smallint NOT NULL,
    dns_outcome smallint NOT NULL,
    http_outcome smallint,
    keyword_bits bigint NOT NULL,
    PRIMARY KEY (set_id, position)
) PARTITION BY RANGE (set_id);
CREATE TABLE scores_shared PARTITION OF scores FOR VALUES FROM (MINVALUE) TO (1000000000);
