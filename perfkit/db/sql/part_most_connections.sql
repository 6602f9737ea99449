-- How many connections ordinary roles may have; some are kept for superusers, from PostgreSQL 16 on for one more kind of
-- role too.
pg_catalog.current_setting('max_connections')::int
- pg_catalog.current_setting('superuser_reserved_connections')::int
- coalesce(pg_catalog.current_setting('reserved_connections', true)::int, 0)
