-- The schema that the migrations make, taken from a database by `describe_schema`. Generated: do not edit.

SET check_function_bodies = off;

CREATE SEQUENCE public.large_set_ids AS integer INCREMENT 1 MINVALUE 1000000000 MAXVALUE 2147483647 START 1000000000 CACHE 1;

CREATE SEQUENCE public.small_set_ids AS integer INCREMENT 1 MINVALUE 1 MAXVALUE 999999999 START 1 CACHE 1;

CREATE TABLE public.acts (
    act_id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    tenant_id uuid NOT NULL,
    actor text NOT NULL,
    act text NOT NULL,
    target text NOT NULL,
    detail jsonb NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    CONSTRAINT acts_pkey PRIMARY KEY (act_id),
    CONSTRAINT acts_act CHECK ((act = ANY (ARRAY['key_made'::text, 'key_revoked'::text, 'session_opened'::text, 'session_closed'::text, 'campaign_created'::text, 'campaign_deleted'::text])))
);

CREATE TABLE public.api_keys (
    key_id uuid DEFAULT uuidv7() NOT NULL,
    tenant_id uuid NOT NULL,
    name text NOT NULL,
    secret_hash bytea NOT NULL,
    hint text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    scopes text[] DEFAULT '{read,write,admin}'::text[] NOT NULL,
    expires_at timestamp with time zone,
    CONSTRAINT api_keys_pkey PRIMARY KEY (key_id),
    CONSTRAINT api_keys_secret_unique UNIQUE (secret_hash),
    CONSTRAINT api_keys_name_length CHECK (((char_length(name) >= 1) AND (char_length(name) <= 200))),
    CONSTRAINT api_keys_scopes CHECK (((scopes <@ '{read,write,admin}'::text[]) AND (cardinality(scopes) > 0)))
);

CREATE TABLE public.campaigns (
    campaign_id uuid DEFAULT uuidv7() NOT NULL,
    tenant_id uuid NOT NULL,
    name text NOT NULL,
    initial_phase text NOT NULL,
    current_phase text NOT NULL,
    phase_status text NOT NULL,
    configuration jsonb NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    name_set_id integer,
    dns_set_id integer,
    http_set_id integer,
    score_set_id integer,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT campaigns_pkey PRIMARY KEY (campaign_id),
    CONSTRAINT campaigns_current_phase CHECK ((current_phase = ANY (ARRAY['domain_generation'::text, 'dns_validation'::text, 'http_validation'::text, 'analysis'::text]))),
    CONSTRAINT campaigns_initial_phase CHECK ((initial_phase = ANY (ARRAY['domain_generation'::text, 'dns_validation'::text, 'http_validation'::text]))),
    CONSTRAINT campaigns_name_length CHECK (((char_length(name) >= 1) AND (char_length(name) <= 200))),
    CONSTRAINT campaigns_phase_status CHECK ((phase_status = ANY (ARRAY['pending'::text, 'running'::text, 'paused'::text, 'completed'::text, 'failed'::text, 'cancelled'::text])))
);

CREATE TABLE public.chunks (
    run_id integer NOT NULL,
    number integer NOT NULL,
    kind text NOT NULL,
    state text DEFAULT 'pending'::text NOT NULL,
    first_position integer NOT NULL,
    end_position integer NOT NULL,
    item_count integer NOT NULL,
    attempt_count integer DEFAULT 0 NOT NULL,
    lease_id uuid,
    worker_id uuid,
    leased_until timestamp with time zone,
    succeeded_count integer DEFAULT 0 NOT NULL,
    negative_count integer DEFAULT 0 NOT NULL,
    failed_count integer DEFAULT 0 NOT NULL,
    outcome_counts integer[] DEFAULT '{}'::integer[] NOT NULL,
    keyword_page_count integer DEFAULT 0 NOT NULL,
    CONSTRAINT chunks_pkey PRIMARY KEY (run_id, number),
    CONSTRAINT chunks_kind CHECK ((kind = ANY (ARRAY['fresh'::text, 'remainder'::text, 'retry'::text, 'kept'::text]))),
    CONSTRAINT chunks_lease CHECK (((state = 'leased'::text) = (lease_id IS NOT NULL))),
    CONSTRAINT chunks_range CHECK ((first_position < end_position)),
    CONSTRAINT chunks_state CHECK ((state = ANY (ARRAY['pending'::text, 'leased'::text, 'done'::text])))
)
WITH (fillfactor=50);

CREATE TABLE public.dns_results (
    set_id integer NOT NULL,
    "position" integer NOT NULL,
    outcome smallint NOT NULL,
    resolver smallint NOT NULL,
    duration_ms integer NOT NULL,
    addresses bytea,
    addresses_v6 bytea,
    canonical_name text COLLATE "C",
    found_after integer NOT NULL,
    CONSTRAINT dns_results_pkey PRIMARY KEY (set_id, "position")
)
PARTITION BY RANGE (set_id);

CREATE TABLE public.generation_ranges (
    run_id integer NOT NULL,
    first_position integer NOT NULL,
    end_position integer NOT NULL,
    tld text NOT NULL,
    first_offset bigint NOT NULL,
    CONSTRAINT generation_ranges_pkey PRIMARY KEY (run_id, first_position),
    CONSTRAINT generation_ranges_range CHECK ((first_position < end_position))
);

CREATE TABLE public.http_results (
    set_id integer NOT NULL,
    "position" integer NOT NULL,
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
    found_after integer NOT NULL,
    near_hash bigint,
    keyword_contexts text[],
    tls_fault smallint,
    CONSTRAINT http_results_pkey PRIMARY KEY (set_id, "position")
)
PARTITION BY RANGE (set_id);

CREATE TABLE public.import_rejects (
    import_id uuid NOT NULL,
    line bigint NOT NULL,
    reason text NOT NULL,
    text text NOT NULL,
    CONSTRAINT import_rejects_pkey PRIMARY KEY (import_id, line)
);

CREATE TABLE public.imports (
    import_id uuid DEFAULT uuidv7() NOT NULL,
    campaign_id uuid NOT NULL,
    byte_count bigint DEFAULT 0 NOT NULL,
    line_count bigint DEFAULT 0 NOT NULL,
    accepted_count bigint DEFAULT 0 NOT NULL,
    duplicate_count bigint DEFAULT 0 NOT NULL,
    rejected_count bigint DEFAULT 0 NOT NULL,
    started_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    CONSTRAINT imports_pkey PRIMARY KEY (import_id)
)
WITH (fillfactor=50);

CREATE TABLE public.kept_answers (
    tenant_id uuid NOT NULL,
    idempotency_key text COLLATE "C" NOT NULL,
    request_hash bytea NOT NULL,
    status smallint NOT NULL,
    headers jsonb NOT NULL,
    body bytea NOT NULL,
    kept_at timestamp with time zone NOT NULL,
    CONSTRAINT kept_answers_pkey PRIMARY KEY (tenant_id, idempotency_key)
);

CREATE TABLE public.legacy_batches (
    source_id integer NOT NULL,
    old_id uuid NOT NULL,
    number integer NOT NULL,
    last_place bigint NOT NULL,
    last_row text COLLATE "C" NOT NULL,
    row_count integer NOT NULL,
    first_position integer NOT NULL,
    end_position integer NOT NULL,
    filled_count integer NOT NULL,
    is_dirty boolean DEFAULT false NOT NULL,
    is_verified boolean DEFAULT false NOT NULL,
    CONSTRAINT legacy_batches_pkey PRIMARY KEY (source_id, old_id, number)
);

CREATE TABLE public.legacy_campaigns (
    source_id integer NOT NULL,
    old_id uuid NOT NULL,
    campaign_id uuid,
    fingerprint text NOT NULL,
    row_print text NOT NULL,
    will_run boolean NOT NULL,
    is_settled boolean DEFAULT false NOT NULL,
    told text[] NOT NULL,
    CONSTRAINT legacy_campaigns_pkey PRIMARY KEY (source_id, old_id)
);

CREATE TABLE public.legacy_rows (
    source_id integer NOT NULL,
    old_id uuid NOT NULL,
    batch_number integer NOT NULL,
    old_row text COLLATE "C" NOT NULL,
    old_name text NOT NULL,
    fate text NOT NULL,
    reason text NOT NULL,
    name text COLLATE "C",
    CONSTRAINT legacy_rows_pkey PRIMARY KEY (source_id, old_id, batch_number, old_row),
    CONSTRAINT legacy_rows_fate CHECK ((fate = ANY (ARRAY['changed'::text, 'merged'::text, 'rejected'::text])))
);

CREATE TABLE public.legacy_sources (
    source_id integer NOT NULL GENERATED ALWAYS AS IDENTITY,
    source_key text NOT NULL,
    edition text NOT NULL,
    stage text NOT NULL,
    tenant_id uuid NOT NULL,
    holding_tenant_id uuid NOT NULL,
    network text NOT NULL,
    backup_file text,
    backup_checksum text,
    added_at timestamp with time zone NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    switched_at timestamp with time zone,
    CONSTRAINT legacy_sources_pkey PRIMARY KEY (source_id),
    CONSTRAINT legacy_sources_stage CHECK ((stage = ANY (ARRAY['added'::text, 'carried'::text, 'verified'::text, 'switched'::text, 'returning'::text, 'finishing'::text, 'finished'::text, 'rolled_back'::text])))
);

CREATE TABLE public.migration_log (
    entry_id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    source_id integer NOT NULL,
    command text NOT NULL,
    event text NOT NULL,
    detail jsonb NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    CONSTRAINT migration_log_pkey PRIMARY KEY (entry_id)
);

CREATE TABLE public.name_sets (
    set_id integer NOT NULL,
    campaign_id uuid NOT NULL,
    row_count bigint NOT NULL,
    CONSTRAINT name_sets_pkey PRIMARY KEY (set_id),
    CONSTRAINT name_sets_row_count CHECK ((row_count >= 0))
);

CREATE TABLE public.names (
    set_id integer NOT NULL,
    "position" integer NOT NULL,
    name text COLLATE "C" NOT NULL,
    CONSTRAINT names_pkey PRIMARY KEY (set_id, "position")
)
PARTITION BY RANGE (set_id);

CREATE TABLE public.pattern_spaces (
    tenant_id uuid NOT NULL,
    pattern_key bytea NOT NULL,
    tld text NOT NULL,
    offset_count bigint NOT NULL,
    next_offset bigint NOT NULL,
    CONSTRAINT pattern_spaces_pkey PRIMARY KEY (tenant_id, pattern_key, tld),
    CONSTRAINT pattern_spaces_bounds CHECK (((next_offset >= 0) AND (next_offset <= offset_count)))
);

CREATE TABLE public.phase_runs (
    run_id integer NOT NULL,
    campaign_id uuid NOT NULL,
    phase text NOT NULL,
    number integer NOT NULL,
    phase_status text NOT NULL,
    configuration jsonb NOT NULL,
    network text NOT NULL,
    stale boolean DEFAULT false NOT NULL,
    name_set_id integer,
    dns_set_id integer,
    http_set_id integer,
    total_count bigint NOT NULL,
    shortfall_count bigint DEFAULT 0 NOT NULL,
    succeeded_count bigint DEFAULT 0 NOT NULL,
    negative_count bigint DEFAULT 0 NOT NULL,
    failed_count bigint DEFAULT 0 NOT NULL,
    retrying_count bigint DEFAULT 0 NOT NULL,
    outcome_counts bigint[] DEFAULT '{}'::bigint[] NOT NULL,
    rate_per_second double precision DEFAULT 0 NOT NULL,
    counted_at timestamp with time zone,
    plan text DEFAULT 'fresh'::text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    error_code text,
    error_message text,
    kept_set_id integer,
    kept_since timestamp with time zone,
    keyword_page_count bigint DEFAULT 0 NOT NULL,
    trace_parent text,
    CONSTRAINT phase_runs_pkey PRIMARY KEY (run_id),
    CONSTRAINT phase_runs_number_unique UNIQUE (campaign_id, phase, number),
    CONSTRAINT phase_runs_kept CHECK (((kept_set_id IS NULL) = (kept_since IS NULL))),
    CONSTRAINT phase_runs_network CHECK ((network = ANY (ARRAY['internet'::text, 'sandbox'::text]))),
    CONSTRAINT phase_runs_phase CHECK ((phase = ANY (ARRAY['domain_generation'::text, 'dns_validation'::text, 'http_validation'::text, 'analysis'::text]))),
    CONSTRAINT phase_runs_phase_status CHECK ((phase_status = ANY (ARRAY['running'::text, 'paused'::text, 'completed'::text, 'failed'::text, 'cancelled'::text]))),
    CONSTRAINT phase_runs_plan CHECK ((plan = ANY (ARRAY['fresh'::text, 'keep'::text, 'retry'::text, 'planned'::text]))),
    CONSTRAINT phase_runs_total CHECK ((total_count >= 0)),
    CONSTRAINT phase_runs_trace_parent CHECK ((char_length(trace_parent) <= 100))
)
WITH (fillfactor=50);

CREATE TABLE public.phase_transitions (
    transition_id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    campaign_id uuid NOT NULL,
    command text NOT NULL,
    from_phase text NOT NULL,
    from_phase_status text NOT NULL,
    to_phase text NOT NULL,
    to_phase_status text NOT NULL,
    cause text NOT NULL,
    reason text NOT NULL,
    actor text NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    CONSTRAINT phase_transitions_pkey PRIMARY KEY (transition_id),
    CONSTRAINT phase_transitions_cause CHECK ((cause = ANY (ARRAY['user'::text, 'automatic'::text, 'failure'::text])))
);

CREATE TABLE public.progress_states (
    campaign_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    sequence bigint NOT NULL,
    changed_in xid8 DEFAULT pg_current_xact_id() NOT NULL,
    phase text NOT NULL,
    phase_status text NOT NULL,
    processed_count bigint NOT NULL,
    total_count bigint NOT NULL,
    succeeded_count bigint NOT NULL,
    negative_count bigint NOT NULL,
    failed_count bigint NOT NULL,
    rate_per_second double precision NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    deleted boolean DEFAULT false NOT NULL,
    CONSTRAINT progress_states_pkey PRIMARY KEY (campaign_id)
)
WITH (fillfactor=50);

CREATE TABLE public.retired_sets (
    set_id integer NOT NULL,
    phase text NOT NULL,
    campaign_id uuid NOT NULL,
    retired_at timestamp with time zone NOT NULL,
    CONSTRAINT retired_sets_pkey PRIMARY KEY (set_id),
    CONSTRAINT retired_sets_phase CHECK ((phase = ANY (ARRAY['domain_generation'::text, 'dns_validation'::text, 'http_validation'::text, 'analysis'::text])))
);

CREATE TABLE public.room (
    measure text NOT NULL,
    free_bytes bigint NOT NULL,
    wanted_bytes bigint NOT NULL,
    is_short boolean NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    looked_at timestamp with time zone NOT NULL,
    CONSTRAINT room_pkey PRIMARY KEY (measure),
    CONSTRAINT room_measure CHECK ((measure = ANY (ARRAY['disk'::text, 'size'::text])))
)
WITH (fillfactor=50);

CREATE TABLE public.run_days (
    run_id integer NOT NULL,
    day date NOT NULL,
    tenant_id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    phase text NOT NULL,
    phase_status text NOT NULL,
    succeeded_count bigint NOT NULL,
    negative_count bigint NOT NULL,
    failed_count bigint NOT NULL,
    busy_seconds double precision NOT NULL,
    tallied_at timestamp with time zone NOT NULL,
    CONSTRAINT run_days_pkey PRIMARY KEY (run_id, day)
)
WITH (fillfactor=50);

CREATE TABLE public.scores (
    set_id integer NOT NULL,
    "position" integer NOT NULL,
    score real NOT NULL,
    outcome smallint NOT NULL,
    dns_outcome smallint NOT NULL,
    http_outcome smallint,
    keyword_bits bigint NOT NULL,
    CONSTRAINT scores_pkey PRIMARY KEY (set_id, "position")
)
PARTITION BY RANGE (set_id);

CREATE TABLE public.secrets (
    name text NOT NULL,
    value bytea NOT NULL,
    CONSTRAINT secrets_pkey PRIMARY KEY (name),
    CONSTRAINT secrets_value_length CHECK ((octet_length(value) >= 32))
);

CREATE TABLE public.sessions (
    session_id uuid DEFAULT uuidv7() NOT NULL,
    key_id uuid NOT NULL,
    secret_hash bytea NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT sessions_pkey PRIMARY KEY (session_id),
    CONSTRAINT sessions_secret_unique UNIQUE (secret_hash)
);

CREATE TABLE public.staged_names (
    line bigint NOT NULL,
    name text COLLATE "C" NOT NULL
);

CREATE TABLE public.staged_rejects (
    line bigint NOT NULL,
    reason text NOT NULL,
    text text NOT NULL
);

CREATE TABLE public.tenants (
    tenant_id uuid DEFAULT uuidv7() NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT tenants_pkey PRIMARY KEY (tenant_id),
    CONSTRAINT tenants_name_length CHECK (((char_length(name) >= 1) AND (char_length(name) <= 200)))
);

CREATE TABLE public.wildcard_verdicts (
    view_key bytea NOT NULL,
    parent text COLLATE "C" NOT NULL,
    addresses bytea NOT NULL,
    addresses_v6 bytea NOT NULL,
    canonical_names text COLLATE "C" NOT NULL,
    probe_count smallint NOT NULL,
    varies boolean NOT NULL,
    learnt_at timestamp with time zone NOT NULL,
    CONSTRAINT wildcard_verdicts_pkey PRIMARY KEY (view_key, parent),
    CONSTRAINT wildcard_verdicts_probes CHECK ((probe_count > 0))
);

CREATE TABLE public.workers (
    worker_id uuid NOT NULL,
    host text NOT NULL,
    process_id integer NOT NULL,
    version text NOT NULL,
    chunks_held integer DEFAULT 0 NOT NULL,
    draining boolean DEFAULT false NOT NULL,
    started_at timestamp with time zone NOT NULL,
    heartbeat_at timestamp with time zone NOT NULL,
    rate_share double precision,
    rate_per_second double precision DEFAULT 0 NOT NULL,
    CONSTRAINT workers_pkey PRIMARY KEY (worker_id),
    CONSTRAINT workers_rate_share CHECK (((rate_share >= (0)::double precision) AND (rate_share <= (1)::double precision)))
)
WITH (fillfactor=50);

CREATE TABLE public.dns_results_shared PARTITION OF public.dns_results FOR VALUES FROM (MINVALUE) TO (1000000000);

CREATE TABLE public.http_results_shared PARTITION OF public.http_results FOR VALUES FROM (MINVALUE) TO (1000000000);

CREATE TABLE public.names_shared PARTITION OF public.names FOR VALUES FROM (MINVALUE) TO (1000000000);

CREATE TABLE public.scores_shared PARTITION OF public.scores FOR VALUES FROM (MINVALUE) TO (1000000000);

CREATE INDEX acts_by_tenant ON public.acts USING btree (tenant_id, act_id);

CREATE INDEX api_keys_by_tenant ON public.api_keys USING btree (tenant_id, key_id);

CREATE INDEX campaigns_by_tenant ON public.campaigns USING btree (tenant_id, campaign_id);

CREATE INDEX campaigns_deleted ON public.campaigns USING btree (deleted_at) WHERE (deleted_at IS NOT NULL);

CREATE INDEX chunks_leased ON public.chunks USING btree (lease_id) WHERE (lease_id IS NOT NULL);

CREATE INDEX chunks_unfinished ON public.chunks USING btree (run_id, number) WHERE (state <> 'done'::text);

CREATE INDEX dns_results_by_outcome ON public.dns_results USING btree (set_id, outcome, "position") WHERE (outcome <> ALL (ARRAY[1, 3]));

CREATE INDEX http_results_by_outcome ON public.http_results USING btree (set_id, outcome, "position");

CREATE INDEX http_results_with_keywords ON public.http_results USING btree (set_id, "position") INCLUDE (outcome, keyword_bits) WHERE (keyword_bits <> 0);

CREATE INDEX imports_by_campaign ON public.imports USING btree (campaign_id, import_id);

CREATE INDEX kept_answers_by_age ON public.kept_answers USING btree (kept_at);

CREATE INDEX legacy_batches_dirty ON public.legacy_batches USING btree (source_id, old_id, number) WHERE is_dirty;

CREATE INDEX legacy_campaigns_by_campaign ON public.legacy_campaigns USING btree (campaign_id);

CREATE UNIQUE INDEX legacy_sources_one_under_way ON public.legacy_sources USING btree ((true)) WHERE (stage <> ALL (ARRAY['finished'::text, 'rolled_back'::text]));

CREATE INDEX name_sets_by_campaign ON public.name_sets USING btree (campaign_id);

CREATE INDEX phase_runs_running ON public.phase_runs USING btree (run_id) WHERE (phase_status = 'running'::text);

CREATE INDEX phase_runs_unplanned ON public.phase_runs USING btree (run_id) WHERE ((phase_status = 'running'::text) AND (plan <> 'planned'::text));

CREATE INDEX phase_transitions_by_campaign ON public.phase_transitions USING btree (campaign_id, transition_id);

CREATE INDEX progress_states_by_change ON public.progress_states USING btree (changed_in);

CREATE INDEX progress_states_by_tenant ON public.progress_states USING btree (tenant_id);

CREATE INDEX retired_sets_by_age ON public.retired_sets USING btree (retired_at);

CREATE INDEX retired_sets_by_campaign ON public.retired_sets USING btree (campaign_id);

CREATE INDEX run_days_by_day ON public.run_days USING btree (day);

CREATE INDEX scores_by_outcome ON public.scores USING btree (set_id, outcome, "position") INCLUDE (score) WHERE (outcome <> 6);

CREATE INDEX scores_by_score ON public.scores USING btree (set_id, dns_outcome, http_outcome, outcome, score, "position") WHERE (score > (0)::double precision);

CREATE INDEX scores_with_keywords ON public.scores USING btree (set_id, score, "position") INCLUDE (outcome, dns_outcome, http_outcome, keyword_bits) WHERE (keyword_bits <> 0);

CREATE INDEX sessions_by_expiry ON public.sessions USING btree (expires_at);

CREATE INDEX wildcard_verdicts_by_age ON public.wildcard_verdicts USING btree (learnt_at);

ALTER TABLE public.acts ADD CONSTRAINT acts_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE public.api_keys ADD CONSTRAINT api_keys_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE public.campaigns ADD CONSTRAINT campaigns_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE public.chunks ADD CONSTRAINT chunks_run_id_fkey FOREIGN KEY (run_id) REFERENCES public.phase_runs(run_id) ON DELETE CASCADE;

ALTER TABLE public.generation_ranges ADD CONSTRAINT generation_ranges_run_id_fkey FOREIGN KEY (run_id) REFERENCES public.phase_runs(run_id) ON DELETE CASCADE;

ALTER TABLE public.import_rejects ADD CONSTRAINT import_rejects_import_id_fkey FOREIGN KEY (import_id) REFERENCES public.imports(import_id) ON DELETE CASCADE;

ALTER TABLE public.imports ADD CONSTRAINT imports_campaign_id_fkey FOREIGN KEY (campaign_id) REFERENCES public.campaigns(campaign_id) ON DELETE CASCADE;

ALTER TABLE public.kept_answers ADD CONSTRAINT kept_answers_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE public.legacy_batches ADD CONSTRAINT legacy_batches_campaign_fkey FOREIGN KEY (source_id, old_id) REFERENCES public.legacy_campaigns(source_id, old_id) ON DELETE CASCADE;

ALTER TABLE public.legacy_campaigns ADD CONSTRAINT legacy_campaigns_campaign_id_fkey FOREIGN KEY (campaign_id) REFERENCES public.campaigns(campaign_id) ON DELETE CASCADE;

ALTER TABLE public.legacy_campaigns ADD CONSTRAINT legacy_campaigns_source_id_fkey FOREIGN KEY (source_id) REFERENCES public.legacy_sources(source_id);

ALTER TABLE public.legacy_rows ADD CONSTRAINT legacy_rows_batch_fkey FOREIGN KEY (source_id, old_id, batch_number) REFERENCES public.legacy_batches(source_id, old_id, number) ON DELETE CASCADE;

ALTER TABLE public.legacy_sources ADD CONSTRAINT legacy_sources_holding_tenant_id_fkey FOREIGN KEY (holding_tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE public.legacy_sources ADD CONSTRAINT legacy_sources_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE public.migration_log ADD CONSTRAINT migration_log_source_id_fkey FOREIGN KEY (source_id) REFERENCES public.legacy_sources(source_id);

ALTER TABLE public.name_sets ADD CONSTRAINT name_sets_campaign_id_fkey FOREIGN KEY (campaign_id) REFERENCES public.campaigns(campaign_id) ON DELETE CASCADE;

ALTER TABLE public.pattern_spaces ADD CONSTRAINT pattern_spaces_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE public.phase_runs ADD CONSTRAINT phase_runs_campaign_id_fkey FOREIGN KEY (campaign_id) REFERENCES public.campaigns(campaign_id) ON DELETE CASCADE;

ALTER TABLE public.phase_transitions ADD CONSTRAINT phase_transitions_campaign_id_fkey FOREIGN KEY (campaign_id) REFERENCES public.campaigns(campaign_id) ON DELETE CASCADE;

ALTER TABLE public.progress_states ADD CONSTRAINT progress_states_campaign_id_fkey FOREIGN KEY (campaign_id) REFERENCES public.campaigns(campaign_id) ON DELETE CASCADE;

ALTER TABLE public.progress_states ADD CONSTRAINT progress_states_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE public.retired_sets ADD CONSTRAINT retired_sets_campaign_id_fkey FOREIGN KEY (campaign_id) REFERENCES public.campaigns(campaign_id);

ALTER TABLE public.sessions ADD CONSTRAINT sessions_key_id_fkey FOREIGN KEY (key_id) REFERENCES public.api_keys(key_id);
