-- The schema of pg_stat_statements, where it is installed, and whether this role may see everybody's statements.
SELECT namespace.nspname, pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE')
FROM pg_catalog.pg_extension AS extension
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = extension.extnamespace
WHERE extension.extname = 'pg_stat_statements'
