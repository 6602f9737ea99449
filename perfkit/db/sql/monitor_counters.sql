-- What the database has counted since its statistics were reset, and how many connections there may be.
SELECT
    xact_commit AS commits,
    xact_rollback AS rollbacks,
    blks_hit AS buffer_hits,
    blks_read AS buffer_reads,
    temp_bytes,
    deadlocks,
    -- From PostgreSQL 16 on some are kept for one more kind of role.
    current_setting('max_connections')::int
    - current_setting('superuser_reserved_connections')::int
    - coalesce(current_setting('reserved_connections', true)::int, 0) AS most
FROM pg_catalog.pg_stat_database
WHERE datname = current_database()
