-- What the database has counted since its statistics were reset, and how many connections there may be.
SELECT
    xact_commit AS commits,
    xact_rollback AS rollbacks,
    blks_hit AS buffer_hits,
    blks_read AS buffer_reads,
    temp_bytes,
    deadlocks,
    /* part_most_connections */ AS most
FROM pg_catalog.pg_stat_database
WHERE datname = current_database()
