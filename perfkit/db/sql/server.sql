SELECT
    current_setting('server_version_num')::int AS version,
    version() AS version_text,
    current_database()::text AS database,
    pg_catalog.pg_is_in_recovery() AS in_recovery
