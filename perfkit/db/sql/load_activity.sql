-- What the sessions of the load do at this moment, by state and by what they wait for; not of pg_stat_activity, which
-- looks up the names of databases and roles besides, and takes longer than many a statement of the load.
SELECT coalesce(state, ''), coalesce(wait_event_type, ''), coalesce(wait_event, ''), count(*)::int
FROM pg_catalog.pg_stat_get_activity(NULL)
WHERE application_name = $1 AND pid <> pg_catalog.pg_backend_pid()
GROUP BY 1, 2, 3
