-- Sessions that wait for a lock (waits_s is not null), whom each waits for, and the sessions that are in the way.
-- Process 0 is a prepared transaction.
WITH waiting AS (
    SELECT DISTINCT ON (held.pid)
        held.pid,
        coalesce(extract(epoch FROM clock_timestamp() - held.waitstart)::float8, 0) AS waits_s,
        pg_catalog.pg_blocking_pids(held.pid) AS blocked_by,
        held.mode,
        held.locktype,
        CASE
            WHEN relation.oid IS NULL THEN held.locktype
            ELSE
                CASE WHEN held.locktype IN ('transactionid', 'tuple') THEN 'a row of ' ELSE '' END
                || format('%I.%I', namespace.nspname, relation.relname)
        END AS target
    FROM pg_catalog.pg_locks AS held
    -- Who waits for a row waits for its transaction, and is the first in the queue for the row itself.
    LEFT JOIN pg_catalog.pg_locks AS row_lock
        ON row_lock.pid = held.pid AND held.locktype = 'transactionid' AND row_lock.locktype = 'tuple' AND row_lock.granted
    LEFT JOIN pg_catalog.pg_class AS relation
        ON
            relation.oid = coalesce(held.relation, row_lock.relation)
            AND coalesce(held.database, row_lock.database) = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
    LEFT JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = relation.relnamespace
    WHERE NOT held.granted
    ORDER BY held.pid, held.waitstart
)
SELECT
    activity.pid,
    coalesce(activity.datname::text, '') AS database,
    coalesce(activity.usename::text, '') AS user,
    -- A server's own process, such as an autovacuum worker, has no application.
    coalesce(nullif(activity.application_name, ''), nullif(activity.backend_type, 'client backend'), '') AS application,
    coalesce(activity.state, '') AS state,
    waiting.waits_s,
    coalesce(waiting.blocked_by, '{}') AS blocked_by,
    coalesce(waiting.mode, '') AS mode,
    coalesce(waiting.target, '') AS target
FROM pg_catalog.pg_stat_activity AS activity
LEFT JOIN waiting ON waiting.pid = activity.pid
WHERE
    waiting.pid IS NOT NULL
    OR activity.pid IN (SELECT unnest(blocked_by) FROM waiting)
ORDER BY waiting.waits_s DESC NULLS LAST, activity.pid
