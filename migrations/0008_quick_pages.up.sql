-- Quick pages: what few domains have is found where it stands, not by looking through all of them; the funnel reads
-- counters and nothing else.
-- Partitioned tables take no index CONCURRENTLY, and the runner works in a transaction: writers wait for these five.
-- squawk-ignore-file require-concurrent-index-creation, require-concurrent-index-deletion

-- How many pages with a keyword were reached, counted with the chunk that brought them. Of older runs they are counted
-- here, once, in the index that holds just these (hence before there are others); which of a run's chunks has them does
-- not matter, since a run is the sum of its chunks and pages that were reached are not retried.
ALTER TABLE phase_runs ADD COLUMN keyword_page_count bigint NOT NULL DEFAULT 0;
ALTER TABLE chunks ADD COLUMN keyword_page_count integer NOT NULL DEFAULT 0;
UPDATE phase_runs r
SET keyword_page_count = p.amount
FROM (
    SELECT set_id, count(*) AS amount FROM http_results WHERE keyword_bits <> 0 AND outcome = 1 GROUP BY set_id
) AS p
WHERE r.run_id = p.set_id;
UPDATE chunks c
SET keyword_page_count = r.keyword_page_count
FROM phase_runs r
WHERE r.run_id = c.run_id AND r.keyword_page_count > 0
  AND c.number = (SELECT min(f.number) FROM chunks f WHERE f.run_id = c.run_id);

CREATE INDEX http_results_by_outcome ON http_results (set_id, outcome, position);
-- But for `resolved` (1) and `absent` (3): nearly all names are one or the other, and a window of positions finds those.
CREATE INDEX dns_results_by_outcome ON dns_results (set_id, outcome, position) WHERE outcome NOT IN (1, 3);
-- But for `dns_negative` (6), which most names are. The score takes no room: entries are padded to eight bytes.
CREATE INDEX scores_by_outcome ON scores (set_id, outcome, position) INCLUDE (score) WHERE outcome <> 6;

-- By score, best first, each kind of domain by itself: there are few kinds above 0 (pages that were reached or parked),
-- so all of them together are merged from as many places, and any of them is found without the others.
DROP INDEX scores_by_score;
CREATE INDEX scores_by_score ON scores (set_id, dns_outcome, http_outcome, outcome, score, position) WHERE score > 0;
-- Domains with keywords by themselves, those that score 0 too: one walk gives them all.
DROP INDEX scores_with_keywords;
CREATE INDEX scores_with_keywords ON scores (set_id, score, position)
    INCLUDE (outcome, dns_outcome, http_outcome, keyword_bits) WHERE keyword_bits <> 0;
