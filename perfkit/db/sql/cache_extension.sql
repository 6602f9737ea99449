-- Where pg_buffercache is, whether it could be made, and whether this role may evict; and shared_buffers in bytes.
SELECT (SELECT nspname FROM pg_catalog.pg_extension JOIN pg_catalog.pg_namespace AS n ON n.oid = extnamespace
        WHERE extname = 'pg_buffercache') AS schema,
       EXISTS (SELECT FROM pg_catalog.pg_available_extensions WHERE name = 'pg_buffercache') AS available,
       (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) AS is_superuser,
       pg_catalog.pg_size_bytes(current_setting('shared_buffers')) AS shared_buffers_bytes
