-- What the sessions of applications do now, all databases together; a role that may not look sees no state.
SELECT
    coalesce(state, 'unknown') AS state,
    -- An active session that waits for nothing is on the processor.
    CASE WHEN state = 'active' THEN coalesce(wait_event_type, 'CPU') END AS wait,
    count(*)::int AS sessions,
    (count(*) FILTER (WHERE wait_event_type = 'Lock'))::int AS waiting_for_locks,
    coalesce(extract(epoch FROM max(now() - xact_start)), 0)::float8 AS oldest_transaction_s
FROM pg_catalog.pg_stat_activity
WHERE /* part_is_client */ AND pid <> pg_catalog.pg_backend_pid()
GROUP BY 1, 2
