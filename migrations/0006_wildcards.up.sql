-- Wildcards: what a parent answers for children whom nobody made, so that other workers and restarted ones need not ask.
-- A view is a network as seen by certain resolvers: what they say is true for nobody who asks others. No row is needed:
-- what is missing, or older than a day, is asked for anew.
CREATE TABLE wildcard_verdicts (
    view_key bytea NOT NULL,
    parent text COLLATE "C" NOT NULL,
    addresses bytea NOT NULL,
    addresses_v6 bytea NOT NULL,
    canonical_names text COLLATE "C" NOT NULL,
    probe_count smallint NOT NULL CONSTRAINT wildcard_verdicts_probes CHECK (probe_count > 0),
    varies boolean NOT NULL,
    learnt_at timestamptz NOT NULL,
    PRIMARY KEY (view_key, parent)
);
CREATE INDEX wildcard_verdicts_by_age ON wildcard_verdicts (learnt_at);

-- Rates are shares, leased by the workers that use the network; null: this one does not.
ALTER TABLE workers
    ADD COLUMN rate_share double precision CONSTRAINT workers_rate_share CHECK (rate_share BETWEEN 0 AND 1);
