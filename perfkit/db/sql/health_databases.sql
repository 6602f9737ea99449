-- What each database has counted of damaged blocks and of blocks found in the cache; no name stands for shared catalogs.
SELECT
    coalesce(datname::text, '') AS name,
    datname IS NOT DISTINCT FROM current_database() AS is_here,
    checksum_failures,
    extract(epoch FROM clock_timestamp() - checksum_last_failure)::float8 AS last_failure_age_s,
    blks_hit AS hit_blocks,
    blks_read AS read_blocks
FROM pg_catalog.pg_stat_database
ORDER BY checksum_failures DESC NULLS LAST, name
