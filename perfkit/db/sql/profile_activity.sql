-- Sessions that do something now, and those that are in the way of one that waits for a lock.
-- Whom a session waits for is asked of those alone that wait for a lock: the answer stops the lock table for a moment.
WITH seen AS MATERIALIZED (
    SELECT
        activity.*,
        CASE
            WHEN activity.state = 'active' AND activity.wait_event_type = 'Lock'
                THEN pg_catalog.pg_blocking_pids(activity.pid)
        END AS blocked_by
    FROM pg_catalog.pg_stat_activity AS activity
    WHERE activity.pid <> pg_catalog.pg_backend_pid()
),
blocking AS (
    SELECT DISTINCT unnest(seen.blocked_by) AS pid FROM seen
)
SELECT
    seen.pid,
    coalesce(seen.datname::text, '') AS database,
    coalesce(seen.usename::text, '') AS user,
    coalesce(seen.application_name, '') AS application,
    coalesce(host(seen.client_addr), '') AS client,
    coalesce(seen.backend_type, '') AS kind,
    coalesce(seen.state, '') AS state,
    coalesce(seen.wait_event_type, '') AS wait_type,
    coalesce(seen.wait_event, '') AS wait_event,
    seen.query_id,
    coalesce(seen.query, '') AS text,
    coalesce(seen.datname = current_database(), false) AS is_here,
    CASE
        WHEN seen.blocked_by IS NOT NULL OR seen.pid IN (SELECT blocking.pid FROM blocking)
            THEN extract(epoch FROM seen.xact_start)::float8
    END AS transaction_began_s,
    coalesce(seen.blocked_by, '{}') AS blocked_by
FROM seen
WHERE
    (
        seen.state IN ('active', 'fastpath function call')
        -- What a process does in its main loop is not work.
        AND seen.wait_event_type IS DISTINCT FROM 'Activity'
    )
    OR seen.pid IN (SELECT blocking.pid FROM blocking)
    -- Hidden from this role: counted, no more.
    OR (seen.backend_type IS NULL AND seen.datid IS NOT NULL)
/* perfkit */
