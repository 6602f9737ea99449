-- What was counted of this database, and the WAL of the whole server.
SELECT
    counted.xact_commit::float8 AS commits,
    counted.xact_rollback::float8 AS rollbacks,
    counted.blks_hit::float8 AS blocks_hit,
    counted.blks_read::float8 AS blocks_read,
    counted.temp_bytes::float8 AS temp_bytes,
    counted.deadlocks::float8 AS deadlocks,
    wal.wal_bytes::float8 AS wal_bytes,
    counted.stats_reset
FROM pg_catalog.pg_stat_database AS counted
CROSS JOIN pg_catalog.pg_stat_wal AS wal
WHERE counted.datname = current_database()
/* perfkit */
