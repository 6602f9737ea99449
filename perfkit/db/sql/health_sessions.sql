-- The sessions of clients, how long each has been in its state, and whether this role may not see that.
SELECT
    pid,
    coalesce(datname::text, '') AS database,
    coalesce(usename::text, '') AS user,
    coalesce(application_name, '') AS application,
    coalesce(state, '') AS state,
    extract(epoch FROM clock_timestamp() - state_change)::float8 AS state_age_s,
    extract(epoch FROM clock_timestamp() - xact_start)::float8 AS transaction_age_s,
    extract(epoch FROM clock_timestamp() - query_start)::float8 AS query_age_s,
    coalesce(wait_event_type || ' ' || wait_event, '') AS waits_for,
    query_id::text AS query_id,
    backend_type IS NULL AS is_hidden,
    -- track_activities is off for it.
    state IS NOT DISTINCT FROM 'disabled' AS is_untracked
FROM pg_catalog.pg_stat_activity
WHERE
    pid <> pg_catalog.pg_backend_pid()
    AND /* part_is_client */
ORDER BY pid
