-- What was counted of each statement in this database, of all users together; a hidden one has no text.
-- Where others call a statement too, this role's own calls are left out: they are those that perfkit measured.
SELECT
    counted.queryid,
    CASE WHEN counted.queryid IS NOT NULL THEN min(counted.query) END AS text,
    count(*) AS entries,
    coalesce(sum(counted.calls) FILTER (WHERE counted.userid <> own.oid), sum(counted.calls))::bigint AS calls,
    coalesce(
        sum(counted.total_exec_time + counted.total_plan_time) FILTER (WHERE counted.userid <> own.oid),
        sum(counted.total_exec_time + counted.total_plan_time)
    ) AS total_ms
FROM {schema}.pg_stat_statements AS counted
JOIN pg_catalog.pg_roles AS own ON own.rolname = current_user
WHERE counted.dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
GROUP BY counted.queryid
