-- The version, the search path, the extensions installed (with their schema) and to be had, since when scans are counted, and
-- whether the role may ask for standbys.
SELECT
    pg_catalog.current_setting('server_version_num')::int AS version,
    pg_catalog.current_schemas(true)::text[] AS search_path,
    (
        SELECT coalesce(json_object_agg(extension.extname, namespace.nspname), '{}')
        FROM pg_catalog.pg_extension AS extension
        JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = extension.extnamespace
    ) AS extensions,
    (SELECT coalesce(array_agg(name::text), '{}') FROM pg_catalog.pg_available_extensions) AS available,
    extract(epoch FROM /* part_counted_since */)::float8 AS statistics_since,
    pg_catalog.has_table_privilege('pg_catalog.pg_stat_replication', 'SELECT')
    AND pg_catalog.has_table_privilege('pg_catalog.pg_replication_slots', 'SELECT') AS may_see_standbys
