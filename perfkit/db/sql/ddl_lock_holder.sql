-- Who holds the lock that keeps two runs apart.
SELECT
    activity.pid,
    coalesce(activity.usename::text, '') AS user,
    coalesce(activity.application_name, '') AS application,
    coalesce(activity.state, '') AS state,
    coalesce(extract(epoch FROM clock_timestamp() - activity.backend_start), 0)::float8 AS age_s
FROM pg_catalog.pg_locks AS held
JOIN pg_catalog.pg_stat_activity AS activity ON activity.pid = held.pid
WHERE
    held.locktype = 'advisory'
    AND held.granted
    AND held.classid = $1::int4::oid
    AND held.objid = 0
    AND held.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
LIMIT 1
