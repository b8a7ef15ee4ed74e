-- To what a run's chunks belong in a trace, as W3C's traceparent: the request that started it, or the phase before. Null
-- where no traces are made.
ALTER TABLE phase_runs
    ADD COLUMN trace_parent text CONSTRAINT phase_runs_trace_parent CHECK (char_length(trace_parent) <= 100);
