-- What each run found on each day (UTC), for reports: it stays when the run, or its campaign, is gone, so nothing refers
-- to them. A retry replaces outcomes, so that a day's failures can be less than none.
CREATE TABLE run_days (
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
    tallied_at timestamptz NOT NULL,
    PRIMARY KEY (run_id, day)
) WITH (fillfactor = 50);
CREATE INDEX run_days_by_day ON run_days (day);
