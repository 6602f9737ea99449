-- Whatever keeps VACUUM from removing dead rows, how many transactions ago it began to, and the oldest row versions
-- that each needs. Of sessions that are hidden from this role nothing is known.
SELECT
    'session' AS kind,
    coalesce(activity.pid, 0) AS pid,
    '' AS name,
    coalesce(activity.datname::text, '') AS database,
    coalesce(activity.usename::text, '') AS user,
    coalesce(activity.application_name, '') AS application,
    coalesce(activity.state, '') AS state,
    greatest(age(activity.backend_xmin), age(activity.backend_xid)) AS xmin_age,
    extract(epoch FROM clock_timestamp() - activity.xact_start)::float8 AS age_s,
    activity.backend_type IS NULL AS is_hidden
FROM pg_catalog.pg_stat_activity AS activity
WHERE
    activity.pid <> pg_catalog.pg_backend_pid()
    AND activity.datid IS NOT NULL
    AND (
        activity.backend_type IS NULL
        OR (
            activity.backend_type <> 'walsender'
            AND coalesce(activity.backend_xmin, activity.backend_xid) IS NOT NULL
            AND NOT EXISTS (
                SELECT FROM pg_catalog.pg_stat_progress_vacuum AS vacuum WHERE vacuum.pid = activity.pid
            )
        )
    )
UNION ALL
SELECT
    'standby', pid, '', '', coalesce(usename::text, ''), coalesce(application_name, ''), coalesce(state, ''),
    age(backend_xmin), NULL, state IS NULL
FROM pg_catalog.pg_stat_replication
WHERE state IS NULL OR backend_xmin IS NOT NULL
UNION ALL
SELECT
    'slot', coalesce(active_pid, 0), slot_name::text, coalesce(database::text, ''), '', '',
    CASE WHEN active THEN 'active' ELSE 'inactive' END, greatest(age(xmin), age(catalog_xmin)), NULL, false
FROM pg_catalog.pg_replication_slots
WHERE coalesce(xmin, catalog_xmin) IS NOT NULL
UNION ALL
SELECT
    'prepared', 0, gid, database::text, owner::text, '', 'prepared', age(transaction),
    extract(epoch FROM clock_timestamp() - prepared)::float8, false
FROM pg_catalog.pg_prepared_xacts
ORDER BY xmin_age DESC NULLS LAST, pid, name
