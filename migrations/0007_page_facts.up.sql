-- What else a page tells: a fingerprint that is alike for texts that are alike, the words around the first keywords
-- (in the order of the bits, and only where there are any), and why a TLS handshake failed.
ALTER TABLE http_results
    ADD COLUMN near_hash bigint,
    ADD COLUMN keyword_contexts text[],
    ADD COLUMN tls_fault smallint;
