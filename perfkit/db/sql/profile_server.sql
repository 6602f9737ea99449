-- What must be known of the server and the role; it needs no privilege.
SELECT
    current_setting('server_version') AS version,
    current_setting('server_version_num')::int AS version_num,
    current_database()::text AS database,
    current_user::text AS role,
    pg_catalog.pg_is_in_recovery() AS in_recovery,
    pg_has_role('pg_read_all_stats', 'USAGE') AS sees_all_sessions,
    current_setting('track_activities')::bool AS tracks_activities,
    current_setting('track_io_timing')::bool AS times_io,
    pg_size_bytes(current_setting('track_activity_query_size'))::int AS text_bytes_most,
    extract(epoch FROM clock_timestamp())::float8 AS now_s
/* perfkit */
