-- The settings that durability hangs on, and those that wait for a restart. Some are shown to those alone who may see all.
SELECT
    name,
    setting,
    coalesce(unit, '') AS unit,
    pending_restart,
    pg_has_role('pg_read_all_settings', 'USAGE') AS sees_all_settings
FROM pg_catalog.pg_settings
WHERE pending_restart OR name IN ('fsync', 'full_page_writes', 'data_checksums')
ORDER BY name
