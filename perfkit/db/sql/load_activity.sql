-- What the sessions of the load do at this moment, by state and by what they wait for.
SELECT coalesce(state, ''), coalesce(wait_event_type, ''), coalesce(wait_event, ''), count(*)::int
FROM pg_catalog.pg_stat_activity
WHERE application_name = $1 AND pid <> pg_catalog.pg_backend_pid()
GROUP BY 1, 2, 3
