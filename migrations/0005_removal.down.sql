-- Runs that are being planned to keep something, and traces of deletions, do not exist in the older schema.
DELETE FROM acts WHERE act = 'campaign_deleted';
ALTER TABLE acts
    DROP CONSTRAINT acts_act,
    ADD CONSTRAINT acts_act CHECK (
        act IN ('key_made', 'key_revoked', 'session_opened', 'session_closed', 'campaign_created')
    );

DROP INDEX phase_runs_unplanned;
UPDATE chunks SET kind = 'fresh' WHERE kind = 'kept';
ALTER TABLE chunks
    DROP CONSTRAINT chunks_kind,
    ADD CONSTRAINT chunks_kind CHECK (kind IN ('fresh', 'remainder', 'retry'));
UPDATE phase_runs SET plan = 'fresh' WHERE plan = 'keep';
ALTER TABLE phase_runs
    DROP CONSTRAINT phase_runs_plan,
    ADD CONSTRAINT phase_runs_plan CHECK (plan IN ('fresh', 'retry', 'planned')),
    DROP COLUMN kept_set_id,
    DROP COLUMN kept_since;

ALTER TABLE http_results DROP COLUMN found_after;
ALTER TABLE dns_results DROP COLUMN found_after;

DELETE FROM phase_runs WHERE run_id IN (SELECT set_id FROM retired_sets);
DELETE FROM name_sets WHERE set_id IN (SELECT set_id FROM retired_sets);
DROP TABLE retired_sets;
DELETE FROM campaigns WHERE deleted_at IS NOT NULL;
ALTER TABLE progress_states DROP COLUMN deleted;
ALTER TABLE campaigns DROP COLUMN deleted_at;
