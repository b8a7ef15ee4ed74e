DROP TABLE run_days;
