-- How far the build of another session of this role is.
SELECT
    phase,
    blocks_done,
    blocks_total,
    tuples_done,
    tuples_total,
    lockers_total,
    lockers_done,
    coalesce(current_locker_pid, 0) AS current_locker_pid
FROM pg_catalog.pg_stat_progress_create_index
WHERE pid = $1
