DROP TABLE scores, http_results, dns_results, names;
DROP TABLE workers, progress_states, phase_transitions, generation_ranges, pattern_spaces, chunks, phase_runs;
DROP SEQUENCE small_set_ids, large_set_ids;
DROP TABLE campaigns, api_keys, tenants;
