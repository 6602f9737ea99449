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
    (
        -- A crash loses all counts, and moves only the last of these times.
        SELECT
            extract(
                epoch FROM greatest(
                    coalesce(statistics.stats_reset, pg_catalog.pg_postmaster_start_time()),
                    (SELECT stats_reset FROM pg_catalog.pg_stat_bgwriter)
                )
            )::float8
        FROM pg_catalog.pg_stat_database AS statistics
        WHERE statistics.datname = pg_catalog.current_database()
    ) AS statistics_since,
    pg_catalog.has_table_privilege('pg_catalog.pg_stat_replication', 'SELECT')
    AND pg_catalog.has_table_privilege('pg_catalog.pg_replication_slots', 'SELECT') AS may_see_standbys
