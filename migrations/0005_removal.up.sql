-- Removal: campaigns that were deleted, sets that nobody reads any more, and results that are old.
-- Constraints are replaced by wider ones, on tables that are small (no domains); the defaults are for older rows only.
-- squawk-ignore-file require-concurrent-index-creation, ban-drop-default, ban-drop-constraint, constraint-missing-not-valid

-- A deleted campaign is hidden at once. Its row stays until its sets are gone and watchers were told.
ALTER TABLE campaigns ADD COLUMN deleted_at timestamptz;
CREATE INDEX campaigns_deleted ON campaigns (deleted_at) WHERE deleted_at IS NOT NULL;
ALTER TABLE progress_states ADD COLUMN deleted boolean NOT NULL DEFAULT false;

-- Sets whose rows are to be removed in the background; from now on no reader begins with one, and none ends with one.
CREATE TABLE retired_sets (
    set_id integer PRIMARY KEY,
    phase text NOT NULL CONSTRAINT retired_sets_phase
        CHECK (phase IN ('domain_generation', 'dns_validation', 'http_validation', 'analysis')),
    campaign_id uuid NOT NULL REFERENCES campaigns (campaign_id),
    retired_at timestamptz NOT NULL
);
CREATE INDEX retired_sets_by_age ON retired_sets (retired_at);
CREATE INDEX retired_sets_by_campaign ON retired_sets (campaign_id);

-- When a result was found, in seconds since its run began: what makes a re-run of old results possible.
ALTER TABLE dns_results ADD COLUMN found_after integer NOT NULL DEFAULT 0;
ALTER TABLE dns_results ALTER COLUMN found_after DROP DEFAULT;
ALTER TABLE http_results ADD COLUMN found_after integer NOT NULL DEFAULT 0;
ALTER TABLE http_results ALTER COLUMN found_after DROP DEFAULT;

-- A run that keeps what an earlier one found at or after an instant, and does the rest again.
ALTER TABLE phase_runs
    ADD COLUMN kept_set_id integer,
    ADD COLUMN kept_since timestamptz,
    ADD CONSTRAINT phase_runs_kept CHECK ((kept_set_id IS NULL) = (kept_since IS NULL)),
    DROP CONSTRAINT phase_runs_plan,
    ADD CONSTRAINT phase_runs_plan CHECK (plan IN ('fresh', 'keep', 'retry', 'planned'));
ALTER TABLE chunks
    DROP CONSTRAINT chunks_kind,
    ADD CONSTRAINT chunks_kind CHECK (kind IN ('fresh', 'remainder', 'retry', 'kept'));

-- The planner asks every second; without this it walks through all runs that ever were.
CREATE INDEX phase_runs_unplanned ON phase_runs (run_id) WHERE phase_status = 'running' AND plan <> 'planned';

ALTER TABLE acts
    DROP CONSTRAINT acts_act,
    ADD CONSTRAINT acts_act CHECK (
        act IN ('key_made', 'key_revoked', 'session_opened', 'session_closed', 'campaign_created', 'campaign_deleted')
    );
