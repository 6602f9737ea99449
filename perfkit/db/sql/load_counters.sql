-- What the database has counted since its statistics began.
SELECT blks_read::float8, blks_hit::float8, temp_bytes::float8, deadlocks::float8
FROM pg_catalog.pg_stat_database
WHERE datname = pg_catalog.current_database()
