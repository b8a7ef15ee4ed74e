-- Campaigns that are being carried here from the database of the system before this one (service/migration).

-- One database that is, or was, carried. `source_key` is the database itself, however it is addressed.
CREATE TABLE legacy_sources (
    source_id integer GENERATED ALWAYS AS IDENTITY,
    source_key text NOT NULL,
    edition text NOT NULL,
    stage text NOT NULL,
    tenant_id uuid NOT NULL,
    holding_tenant_id uuid NOT NULL,
    network text NOT NULL,
    backup_file text,
    backup_checksum text,
    added_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    switched_at timestamptz,
    CONSTRAINT legacy_sources_pkey PRIMARY KEY (source_id),
    CONSTRAINT legacy_sources_stage CHECK (
        stage IN (
            'added', 'carried', 'verified', 'switched', 'returning', 'finishing', 'finished', 'rolled_back'
        )
    ),
    CONSTRAINT legacy_sources_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id),
    CONSTRAINT legacy_sources_holding_tenant_id_fkey FOREIGN KEY (holding_tenant_id) REFERENCES tenants (tenant_id)
);

-- One at a time: the space of names that a tenant has left is counted on by each.
CREATE UNIQUE INDEX legacy_sources_one_under_way ON legacy_sources ((true)) WHERE stage NOT IN ('finished', 'rolled_back');

-- An old campaign and ours. `will_run`: it is paused here until the switch, since it runs there. `fingerprint` tells
-- whether it changed there, `row_print` whether its domains would be carried otherwise.
CREATE TABLE legacy_campaigns (
    source_id integer NOT NULL,
    old_id uuid NOT NULL,
    campaign_id uuid,
    fingerprint text NOT NULL,
    row_print text NOT NULL,
    will_run boolean NOT NULL,
    is_settled boolean NOT NULL DEFAULT false,
    told text [] NOT NULL,
    CONSTRAINT legacy_campaigns_pkey PRIMARY KEY (source_id, old_id),
    CONSTRAINT legacy_campaigns_source_id_fkey FOREIGN KEY (source_id) REFERENCES legacy_sources (source_id),
    CONSTRAINT legacy_campaigns_campaign_id_fkey FOREIGN KEY (campaign_id) REFERENCES campaigns (campaign_id)
    ON DELETE CASCADE
);

CREATE INDEX legacy_campaigns_by_campaign ON legacy_campaigns (campaign_id);

-- Neighbouring rows of an old campaign, up to and with the last one, and the positions that they have here.
-- `filled_count`: outcomes that a phase which had ended there did not have.
CREATE TABLE legacy_batches (
    source_id integer NOT NULL,
    old_id uuid NOT NULL,
    number integer NOT NULL,
    last_place bigint NOT NULL,
    last_row text COLLATE "C" NOT NULL,
    row_count integer NOT NULL,
    first_position integer NOT NULL,
    end_position integer NOT NULL,
    filled_count integer NOT NULL,
    is_dirty boolean NOT NULL DEFAULT false,
    is_verified boolean NOT NULL DEFAULT false,
    CONSTRAINT legacy_batches_pkey PRIMARY KEY (source_id, old_id, number),
    CONSTRAINT legacy_batches_campaign_fkey FOREIGN KEY (source_id, old_id)
    REFERENCES legacy_campaigns (source_id, old_id) ON DELETE CASCADE
);

CREATE INDEX legacy_batches_dirty ON legacy_batches (source_id, old_id, number) WHERE is_dirty;

-- Rows that are not here as they were there, and why.
CREATE TABLE legacy_rows (
    source_id integer NOT NULL,
    old_id uuid NOT NULL,
    batch_number integer NOT NULL,
    old_row text COLLATE "C" NOT NULL,
    old_name text NOT NULL,
    fate text NOT NULL,
    reason text NOT NULL,
    name text COLLATE "C",
    CONSTRAINT legacy_rows_pkey PRIMARY KEY (source_id, old_id, batch_number, old_row),
    CONSTRAINT legacy_rows_fate CHECK (fate IN ('changed', 'merged', 'rejected')),
    CONSTRAINT legacy_rows_batch_fkey FOREIGN KEY (source_id, old_id, batch_number)
    REFERENCES legacy_batches (source_id, old_id, number) ON DELETE CASCADE
);

-- What was done, by whom it was asked, and how it ended.
CREATE TABLE migration_log (
    entry_id bigint GENERATED ALWAYS AS IDENTITY,
    source_id integer NOT NULL,
    command text NOT NULL,
    event text NOT NULL,
    detail jsonb NOT NULL,
    occurred_at timestamptz NOT NULL,
    CONSTRAINT migration_log_pkey PRIMARY KEY (entry_id),
    CONSTRAINT migration_log_source_id_fkey FOREIGN KEY (source_id) REFERENCES legacy_sources (source_id)
);
