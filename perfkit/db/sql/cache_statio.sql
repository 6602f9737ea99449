-- Blocks of each table with its indexes and TOAST, found in shared buffers and not, since statistics began; and bytes.
SELECT t.schemaname || '.' || t.relname AS name,
       (coalesce(heap_blks_hit, 0) + coalesce(idx_blks_hit, 0) + coalesce(toast_blks_hit, 0)
        + coalesce(tidx_blks_hit, 0))::bigint AS hit,
       (coalesce(heap_blks_read, 0) + coalesce(idx_blks_read, 0) + coalesce(toast_blks_read, 0)
        + coalesce(tidx_blks_read, 0))::bigint AS read,
       coalesce(pg_catalog.pg_total_relation_size(t.relid), 0)::bigint AS size_bytes
FROM pg_catalog.pg_statio_all_tables AS t
WHERE t.schemaname NOT LIKE 'pg\_temp%'
