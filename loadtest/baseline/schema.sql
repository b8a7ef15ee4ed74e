-- The dual architecture's tables, for PostgreSQL 18: where a campaign stands is said by its type, status and
-- progress_percentage, and again by its phase, phase status and progress. What was left out of the old system's tables,
-- and why, is said in the package's docstring.
--
-- Nothing forbids words that nobody knows, NULLs, states that contradict each other, or rows whose campaign is gone.

CREATE TABLE schema_migrations (
    version bigint PRIMARY KEY,
    dirty boolean NOT NULL
);
INSERT INTO schema_migrations (version, dirty) VALUES (20250801, false);

CREATE TABLE users (
    id uuid PRIMARY KEY,
    email text NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE personas (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE,
    description text,
    persona_type text NOT NULL, -- dns, http
    config_details jsonb NOT NULL,
    is_enabled boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE proxies (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE,
    address text NOT NULL, -- host:port
    protocol text NOT NULL, -- http, https, socks5, socks4
    username text,
    password_hash text,
    country_code text,
    is_enabled boolean NOT NULL DEFAULT true,
    is_healthy boolean NOT NULL DEFAULT true,
    last_checked_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE keyword_sets (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE,
    description text,
    is_enabled boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE keyword_rules (
    id uuid PRIMARY KEY,
    keyword_set_id uuid NOT NULL REFERENCES keyword_sets (id) ON DELETE CASCADE,
    pattern text NOT NULL,
    rule_type text NOT NULL, -- string, regex
    is_case_sensitive boolean NOT NULL DEFAULT false,
    category text,
    context_chars integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (keyword_set_id, pattern, rule_type, is_case_sensitive)
);

CREATE TABLE scoring_profiles (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE,
    weights jsonb NOT NULL,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE campaigns (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    user_id uuid,
    campaign_type text, -- domain_generation, dns_validation, http_keyword_validation, lead_generation
    status text, -- pending, queued, running, pausing, paused, completed, failed, archived, cancelled
    progress_percentage double precision, -- 0..100
    current_phase text,
    phase_status text,
    progress double precision, -- 0..100
    total_phases integer NOT NULL DEFAULT 4,
    completed_phases integer NOT NULL DEFAULT 0,
    is_full_sequence_mode boolean NOT NULL DEFAULT false,
    auto_advance_phases boolean NOT NULL DEFAULT false,
    total_items bigint DEFAULT 0,
    processed_items bigint DEFAULT 0,
    successful_items bigint DEFAULT 0,
    failed_items bigint DEFAULT 0,
    error_message text,
    metadata jsonb,
    discovery_config_hash text,
    discovery_offset_start bigint,
    discovery_offset_end bigint, -- exclusive
    avg_processing_rate double precision, -- items a second
    last_heartbeat_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    completed_at timestamptz
);
-- Each half of the dual architecture has indexes of its own.
CREATE INDEX idx_campaigns_campaign_type ON campaigns (campaign_type);
CREATE INDEX idx_campaigns_status ON campaigns (status);
CREATE INDEX idx_campaigns_type_status ON campaigns (campaign_type, status, created_at DESC);
CREATE INDEX idx_campaigns_user_created ON campaigns (user_id, created_at DESC, id);
CREATE INDEX idx_campaigns_user_type ON campaigns (user_id, campaign_type, created_at DESC);
CREATE INDEX idx_campaigns_phase ON campaigns (current_phase, phase_status);

-- What campaigns of each type are asked for. A lead_generation campaign has a row in each of the three.
CREATE TABLE domain_generation_campaign_params (
    campaign_id uuid PRIMARY KEY,
    pattern_type text NOT NULL, -- prefix, suffix, both, and the same with _variable
    variable_length integer,
    prefix_variable_length integer,
    suffix_variable_length integer,
    character_set text,
    constant_string text,
    tld text NOT NULL, -- with its dot
    num_domains_to_generate bigint NOT NULL,
    total_possible_combinations bigint NOT NULL,
    current_offset bigint NOT NULL DEFAULT 0
);

CREATE TABLE dns_validation_params (
    campaign_id uuid PRIMARY KEY,
    source_generation_campaign_id uuid, -- NULL where the campaign makes its own names
    persona_ids uuid[] NOT NULL,
    rotation_interval_seconds integer DEFAULT 0,
    processing_speed_per_minute integer DEFAULT 0, -- 0: as fast as it goes
    batch_size integer DEFAULT 1000,
    retry_attempts integer DEFAULT 1
);

CREATE TABLE http_keyword_campaign_params (
    campaign_id uuid PRIMARY KEY,
    source_campaign_id uuid,
    source_type text, -- DomainGeneration, DNSValidation
    persona_ids uuid[] NOT NULL,
    keyword_set_ids uuid[],
    ad_hoc_keywords text[],
    proxy_ids uuid[],
    target_http_ports integer[],
    rotation_interval_seconds integer DEFAULT 0,
    processing_speed_per_minute integer DEFAULT 0,
    batch_size integer DEFAULT 1000,
    retry_attempts integer DEFAULT 1
);

CREATE TABLE campaign_scoring_profile (
    campaign_id uuid PRIMARY KEY,
    scoring_profile_id uuid NOT NULL REFERENCES scoring_profiles (id)
);

-- How far each pattern was enumerated, by whichever campaign.
CREATE TABLE domain_generation_config_states (
    config_hash text PRIMARY KEY, -- SHA-256 of the normalised pattern, hex
    last_offset bigint NOT NULL,
    config_details jsonb NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE campaign_phases (
    id uuid PRIMARY KEY,
    campaign_id uuid NOT NULL,
    phase_type text NOT NULL,
    phase_order integer NOT NULL,
    status text NOT NULL DEFAULT 'not_started',
    progress_percentage double precision DEFAULT 0, -- 0..100
    total_items bigint DEFAULT 0,
    processed_items bigint DEFAULT 0,
    successful_items bigint DEFAULT 0,
    failed_items bigint DEFAULT 0,
    error_message text,
    started_at timestamptz,
    completed_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (campaign_id, phase_type)
);

CREATE TABLE phase_configurations (
    campaign_id uuid NOT NULL,
    phase_type text NOT NULL,
    configuration jsonb NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (campaign_id, phase_type)
);

-- The row of a domain, in which each phase writes what it found.
CREATE TABLE generated_domains (
    id uuid PRIMARY KEY,
    campaign_id uuid NOT NULL,
    domain_name text NOT NULL,
    offset_index bigint NOT NULL,
    tld text,
    generated_at timestamptz NOT NULL DEFAULT now(),
    dns_status text NOT NULL DEFAULT 'pending', -- pending, ok, error, timeout
    dns_ip text,
    dns_reason text,
    last_validated_at timestamptz,
    http_status text NOT NULL DEFAULT 'pending', -- pending, ok, error, timeout
    http_status_code integer,
    http_title text,
    http_keywords text, -- comma-separated
    http_reason text,
    last_http_fetched_at timestamptz,
    feature_vector jsonb,
    is_parked boolean,
    parked_confidence real, -- 0..1
    lead_status text NOT NULL DEFAULT 'pending', -- pending, match, no_match, error, timeout
    lead_score real,
    domain_score real, -- 0..1
    rejection_reason text,
    CONSTRAINT generated_domains_name_unique UNIQUE (campaign_id, domain_name),
    CONSTRAINT generated_domains_offset_unique UNIQUE (campaign_id, offset_index)
);
-- The work queues, which are also the cursors to resume by; then what pages are filtered and sorted by.
CREATE INDEX idx_generated_domains_dns_queue ON generated_domains (campaign_id, offset_index)
    WHERE dns_status IN ('pending', 'error', 'timeout');
CREATE INDEX idx_generated_domains_http_queue ON generated_domains (campaign_id, offset_index)
    WHERE http_status IN ('pending', 'error', 'timeout');
CREATE INDEX idx_generated_domains_dns_status ON generated_domains (campaign_id, dns_status, offset_index);
CREATE INDEX idx_generated_domains_http_status ON generated_domains (campaign_id, http_status, offset_index);
CREATE INDEX idx_generated_domains_lead_status ON generated_domains (campaign_id, lead_status, offset_index);
CREATE INDEX idx_generated_domains_score ON generated_domains (campaign_id, domain_score DESC);
CREATE INDEX idx_generated_domains_rejection ON generated_domains (campaign_id, rejection_reason);

-- One row for each campaign, written once a batch.
CREATE TABLE campaign_domain_counters (
    campaign_id uuid PRIMARY KEY,
    total bigint NOT NULL DEFAULT 0,
    dns_pending bigint NOT NULL DEFAULT 0,
    dns_ok bigint NOT NULL DEFAULT 0,
    dns_error bigint NOT NULL DEFAULT 0,
    dns_timeout bigint NOT NULL DEFAULT 0,
    http_pending bigint NOT NULL DEFAULT 0,
    http_ok bigint NOT NULL DEFAULT 0,
    http_error bigint NOT NULL DEFAULT 0,
    http_timeout bigint NOT NULL DEFAULT 0,
    lead_pending bigint NOT NULL DEFAULT 0,
    lead_match bigint NOT NULL DEFAULT 0,
    lead_no_match bigint NOT NULL DEFAULT 0,
    lead_error bigint NOT NULL DEFAULT 0,
    lead_timeout bigint NOT NULL DEFAULT 0,
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- What campaigns of the type dns_validation found: their names are another campaign's.
CREATE TABLE dns_validation_results (
    id uuid PRIMARY KEY,
    dns_campaign_id uuid NOT NULL,
    generated_domain_id uuid,
    domain_name text NOT NULL,
    validation_status text NOT NULL, -- resolved, unresolved, timeout, error
    dns_records jsonb, -- {"A": ["192.0.2.1"], "error": "SERVFAIL"}
    validated_by_persona_id uuid,
    attempts integer DEFAULT 0,
    last_checked_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX idx_dns_results_campaign_status ON dns_validation_results (dns_campaign_id, validation_status, domain_name);
CREATE INDEX idx_dns_results_domain ON dns_validation_results (generated_domain_id);

-- What campaigns of the type http_keyword_validation found; for lead_generation, the details of pages.
CREATE TABLE http_keyword_results (
    id uuid PRIMARY KEY,
    http_keyword_campaign_id uuid NOT NULL,
    dns_result_id uuid,
    domain_name text NOT NULL,
    -- lead_valid, http_valid_no_keywords, invalid_http_response_error, invalid_http_code, pending
    validation_status text NOT NULL,
    http_status_code integer,
    response_headers jsonb,
    page_title text,
    extracted_content_snippet text, -- 256 bytes
    found_keywords_from_sets jsonb, -- [{"pattern": "pricing", "category": "sales", "contexts": ["..."]}]
    found_ad_hoc_keywords jsonb, -- ["pricing"]
    content_hash text, -- SHA-256, hex
    validated_by_persona_id uuid,
    used_proxy_id uuid,
    attempts integer DEFAULT 0,
    last_checked_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX idx_http_results_campaign_status
    ON http_keyword_results (http_keyword_campaign_id, validation_status, domain_name);
CREATE INDEX idx_http_results_dns_result ON http_keyword_results (dns_result_id);

-- One job for each phase of a campaign.
CREATE TABLE campaign_jobs (
    id uuid PRIMARY KEY,
    campaign_id uuid NOT NULL,
    job_type text NOT NULL, -- generation, dns_validation, http_keyword_validation, enrichment, analysis
    status text NOT NULL DEFAULT 'pending', -- pending, queued, running, completed, failed, cancelled
    attempts integer DEFAULT 0,
    max_attempts integer DEFAULT 3,
    last_error text,
    job_payload jsonb,
    locked_by text,
    locked_at timestamptz,
    scheduled_at timestamptz NOT NULL DEFAULT now(),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX idx_campaign_jobs_queue ON campaign_jobs (job_type, scheduled_at) WHERE status IN ('pending', 'queued');
CREATE INDEX idx_campaign_jobs_campaign ON campaign_jobs (campaign_id);

-- The history of a campaign.
CREATE TABLE campaign_state_events (
    sequence_number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    campaign_id uuid NOT NULL,
    event_type text NOT NULL, -- created, phase_started, phase_paused, phase_resumed, phase_completed, phase_failed, ...
    phase text,
    old_state text,
    new_state text,
    reason text,
    actor text,
    occurred_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX idx_campaign_state_events_campaign ON campaign_state_events (campaign_id, sequence_number);

CREATE TABLE audit_logs (
    id uuid PRIMARY KEY,
    "timestamp" timestamptz NOT NULL DEFAULT now(),
    user_id text,
    action text NOT NULL,
    entity_type text,
    entity_id uuid,
    details jsonb
);
CREATE INDEX idx_audit_logs_entity ON audit_logs (entity_type, entity_id);
