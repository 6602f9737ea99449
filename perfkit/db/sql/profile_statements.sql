-- What was counted of each statement that a client sent; a hidden one has no query id.
-- Texts are left where they are, in a file that may be long.
SELECT
    coalesce(counted.queryid, 0) AS query_id,
    counted.dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()) AS is_here,
    sum(counted.calls)::float8 AS calls,
    sum(counted.total_exec_time)::float8 AS exec_ms,
    sum(counted.total_plan_time)::float8 AS plan_ms,
    sum(counted.rows)::float8 AS rows,
    sum(counted.shared_blks_hit)::float8 AS blocks_hit,
    sum(counted.shared_blks_read)::float8 AS blocks_read,
    sum(counted.shared_blks_dirtied)::float8 AS blocks_dirtied,
    sum(counted.shared_blks_written)::float8 AS blocks_written,
    sum(counted.temp_blks_read + counted.temp_blks_written)::float8 AS temp_blocks,
    sum(counted.wal_bytes)::float8 AS wal_bytes
FROM {schema}.pg_stat_statements(false) AS counted
WHERE counted.toplevel
GROUP BY 1, 2
/* perfkit */
