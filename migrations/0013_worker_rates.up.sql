-- How many domains a worker finished lately, a second: what its other numbers do not tell when one machine is slow.
ALTER TABLE workers ADD COLUMN rate_per_second double precision NOT NULL DEFAULT 0;
