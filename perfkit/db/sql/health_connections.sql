-- The connections of clients by database and user, and how many ordinary roles may open.
-- Of a session that is hidden from this role its kind is not known: one of a role in a database is a client's.
SELECT
    coalesce(datname::text, '') AS database,
    coalesce(usename::text, '') AS user,
    count(*)::int AS connections,
    count(*) FILTER (WHERE state = 'idle')::int AS idle,
    current_setting('max_connections')::int
    - current_setting('superuser_reserved_connections')::int
    - coalesce(current_setting('reserved_connections', true)::int, 0) AS most
FROM pg_catalog.pg_stat_activity
WHERE backend_type = 'client backend' OR (backend_type IS NULL AND datid IS NOT NULL AND usesysid IS NOT NULL)
GROUP BY 1, 2
ORDER BY 3 DESC, 1, 2
