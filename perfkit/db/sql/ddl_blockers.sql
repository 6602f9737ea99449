-- Transactions older than $2 seconds that a concurrent build or drop on the tables $1 would wait for: those with a
-- snapshot (WaitForOlderSnapshots in indexcmds.c, which passes over vacuums), those with a lock on one of the tables.
SELECT
    activity.pid,
    coalesce(activity.usename::text, '') AS user,
    coalesce(activity.application_name, '') AS application,
    coalesce(activity.state, '') AS state,
    extract(epoch FROM clock_timestamp() - activity.xact_start)::float8 AS age_s
FROM pg_catalog.pg_stat_activity AS activity
WHERE
    activity.datname = current_database()
    AND activity.pid <> pg_catalog.pg_backend_pid()
    AND activity.xact_start < clock_timestamp() - make_interval(secs => $2::float8)
    AND (
        EXISTS (
            SELECT
            FROM pg_catalog.pg_locks AS held
            WHERE held.pid = activity.pid AND held.locktype = 'relation' AND held.relation = any(array(SELECT to_regclass(named)::oid FROM unnest($1::text[]) AS named))
        )
        OR (
            activity.backend_xmin IS NOT NULL
            AND activity.backend_type <> 'autovacuum worker'
            AND NOT EXISTS (
                SELECT FROM pg_catalog.pg_stat_progress_vacuum AS vacuum WHERE vacuum.pid = activity.pid
            )
        )
    )
UNION ALL
SELECT
    0,
    prepared.owner::text,
    'prepared transaction ' || prepared.gid,
    'prepared',
    extract(epoch FROM clock_timestamp() - prepared.prepared)::float8
FROM pg_catalog.pg_prepared_xacts AS prepared
WHERE
    prepared.database = current_database()
    AND EXISTS (
        SELECT
        FROM pg_catalog.pg_locks AS held
        WHERE
            held.pid IS NULL
            AND held.virtualtransaction LIKE '%/' || prepared.transaction::text
            AND held.locktype = 'relation'
            AND held.relation = any(array(SELECT to_regclass(named)::oid FROM unnest($1::text[]) AS named))
    )
ORDER BY age_s DESC
