DROP TABLE secrets;
DROP INDEX http_results_with_keywords, scores_with_keywords, scores_by_score;
