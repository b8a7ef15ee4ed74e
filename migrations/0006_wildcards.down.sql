ALTER TABLE workers DROP COLUMN rate_share;
DROP TABLE wildcard_verdicts;
