-- How many sessions of this database hide their transactions' age from this role.
SELECT count(*)
FROM pg_catalog.pg_stat_activity
WHERE
    datname = current_database()
    AND NOT pg_catalog.pg_has_role(usesysid, 'USAGE')
    AND NOT pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE')
