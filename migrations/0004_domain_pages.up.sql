-- Pages of domains: the indexes that make them quick, and the key that seals their cursors.
-- Partitioned tables take no index CONCURRENTLY, and the runner works in a transaction: writers wait for these three.
-- squawk-ignore-file require-concurrent-index-creation

-- By score, best first. Most names score 0 (they do not resolve): those stand in no index, and are read last, by position.
CREATE INDEX scores_by_score ON scores (set_id, score, position)
    INCLUDE (outcome, dns_outcome, http_outcome, keyword_bits) WHERE score > 0;
-- The same where a keyword was found: a rare keyword must not cost a walk through every score.
CREATE INDEX scores_with_keywords ON scores (set_id, score, position)
    INCLUDE (outcome, dns_outcome, http_outcome, keyword_bits) WHERE score > 0 AND keyword_bits <> 0;
-- Pages with keywords, by position; also counted for the funnel without a look at the table.
CREATE INDEX http_results_with_keywords ON http_results (set_id, position)
    INCLUDE (outcome, keyword_bits) WHERE keyword_bits <> 0;

-- Keys that all servers of one database share. Two random UUIDs hold 244 random bits, from the server's strong source.
CREATE TABLE secrets (
    name text PRIMARY KEY,
    value bytea NOT NULL CONSTRAINT secrets_value_length CHECK (octet_length(value) >= 32)
);
INSERT INTO secrets (name, value)
VALUES ('cursors', sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())));
