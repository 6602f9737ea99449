-- Ends what is left of a run's sessions, which bear its name; how many there were.
SELECT count(pg_catalog.pg_terminate_backend(activity.pid))
FROM pg_catalog.pg_stat_activity AS activity
WHERE activity.application_name = $1 AND activity.pid <> pg_catalog.pg_backend_pid()
