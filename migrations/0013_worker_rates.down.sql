ALTER TABLE workers DROP COLUMN rate_per_second;
