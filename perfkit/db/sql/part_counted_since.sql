-- Since when scans in this database are counted. A crash loses all counts, and moves only the last of these times.
(
    SELECT
        greatest(
            coalesce(statistics.stats_reset, pg_catalog.pg_postmaster_start_time()),
            (SELECT stats_reset FROM pg_catalog.pg_stat_bgwriter)
        )
    FROM pg_catalog.pg_stat_database AS statistics
    WHERE statistics.datname = pg_catalog.current_database()
)
