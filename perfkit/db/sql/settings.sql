-- Every setting that can change a plan: those that EXPLAIN (SETTINGS) would show. pg_settings_get_flags says so
-- itself, but only from 15 on; this list is the same on all.
SELECT name, current_setting(name)
FROM pg_catalog.pg_settings
WHERE
    (category LIKE 'Query Tuning%' AND name NOT IN ('plan_cache_mode', 'default_statistics_target'))
    OR name IN (
        'effective_io_concurrency', 'hash_mem_multiplier', 'max_parallel_workers', 'max_parallel_workers_per_gather',
        'parallel_leader_participation', 'search_path', 'temp_buffers', 'work_mem', 'io_combine_limit'
    )
ORDER BY name
