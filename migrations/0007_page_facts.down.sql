ALTER TABLE http_results
    DROP COLUMN near_hash,
    DROP COLUMN keyword_contexts,
    DROP COLUMN tls_fault;
