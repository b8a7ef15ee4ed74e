ALTER TABLE chunks DROP COLUMN keyword_page_count;
ALTER TABLE phase_runs DROP COLUMN keyword_page_count;
DROP INDEX scores_with_keywords, scores_by_score, scores_by_outcome, dns_results_by_outcome, http_results_by_outcome;
CREATE INDEX scores_by_score ON scores (set_id, score, position)
    INCLUDE (outcome, dns_outcome, http_outcome, keyword_bits) WHERE score > 0;
CREATE INDEX scores_with_keywords ON scores (set_id, score, position)
    INCLUDE (outcome, dns_outcome, http_outcome, keyword_bits) WHERE score > 0 AND keyword_bits <> 0;
