ALTER TABLE phase_runs DROP COLUMN trace_parent;
