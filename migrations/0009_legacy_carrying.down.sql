DROP TABLE migration_log, legacy_rows, legacy_batches, legacy_campaigns, legacy_sources;
