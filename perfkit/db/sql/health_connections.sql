-- The connections of clients by database and user, and how many ordinary roles may open.
SELECT
    coalesce(datname::text, '') AS database,
    coalesce(usename::text, '') AS user,
    count(*)::int AS connections,
    count(*) FILTER (WHERE state = 'idle')::int AS idle,
    /* part_most_connections */ AS most
FROM pg_catalog.pg_stat_activity
WHERE /* part_is_client */
GROUP BY 1, 2
ORDER BY 3 DESC, 1, 2
