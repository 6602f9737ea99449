-- All that the doctor looks at, in one row; it needs no privilege.
WITH tables AS (
    SELECT
        relation.reltuples,
        relation.relkind,
        has_schema_privilege(namespace.oid, 'USAGE') AND has_table_privilege(relation.oid, 'SELECT') AS readable
    FROM pg_catalog.pg_class AS relation
    JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = relation.relnamespace
    WHERE
        relation.relkind IN ('r', 'p', 'm')
        AND namespace.nspname NOT IN ('pg_catalog', 'information_schema')
        AND namespace.nspname NOT LIKE 'pg\_toast%' AND namespace.nspname NOT LIKE 'pg\_temp%'
)
SELECT
    current_user::text AS role,
    current_database()::text AS database,
    current_setting('server_version_num') AS version,
    (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) AS is_superuser,
    pg_has_role(current_user, 'pg_monitor', 'USAGE') AS is_monitor,
    pg_catalog.pg_is_in_recovery() AS in_recovery,
    coalesce(
        inet_client_addr() <<= inet '127.0.0.0/8' OR inet_client_addr() = inet '::1'
        OR inet_client_addr() = inet_server_addr(),
        true
    ) AS is_local,
    (SELECT count(*) FROM tables) AS tables,
    (SELECT count(*) FROM tables WHERE NOT readable) AS unreadable,
    (SELECT count(*) FROM tables WHERE relkind <> 'p' AND reltuples < 0) AS never_analyzed,
    (SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'pg_stat_statements') AS statements_extension,
    (SELECT default_version FROM pg_catalog.pg_available_extensions WHERE name = 'pg_stat_statements')
        AS statements_available,
    current_setting('pg_stat_statements.track', true) AS statements_track,
    current_setting('track_io_timing') AS track_io_timing,
    current_setting('track_counts') AS track_counts,
    current_setting('autovacuum') AS autovacuum
