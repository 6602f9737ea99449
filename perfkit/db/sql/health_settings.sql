-- The settings that durability hangs on, and those that wait for a restart.
SELECT name, setting, coalesce(unit, '') AS unit, pending_restart
FROM pg_catalog.pg_settings
WHERE pending_restart OR name IN ('fsync', 'full_page_writes', 'data_checksums')
ORDER BY name
