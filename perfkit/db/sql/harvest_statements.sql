-- What was counted of each statement in this database, of all users together; a hidden one has no text.
SELECT
    counted.queryid,
    CASE WHEN counted.queryid IS NOT NULL THEN min(counted.query) END AS text,
    count(*) AS entries,
    sum(counted.calls)::bigint AS calls,
    sum(counted.total_exec_time + counted.total_plan_time) AS total_ms
FROM {schema}.pg_stat_statements AS counted
WHERE counted.dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
GROUP BY counted.queryid
