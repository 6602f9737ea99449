-- Where the server keeps its data and since when it runs, for a look at the disk where that is this machine's own.
-- The directory is NULL for a role that may not know it.
SELECT
    (SELECT setting FROM pg_catalog.pg_settings WHERE name = 'data_directory') AS data_directory,
    pg_catalog.current_setting('port')::int AS port,
    extract(epoch FROM pg_catalog.pg_postmaster_start_time())::float8 AS started_s
