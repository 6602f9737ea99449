-- Since when this server runs and which database this is, whatever way led here: no two servers start in one microsecond.
SELECT
    extract(epoch FROM pg_catalog.pg_postmaster_start_time())::float8 AS started_s,
    pg_catalog.current_database()::text AS database
