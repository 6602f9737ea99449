-- Bytes of each table with its indexes and TOAST in shared buffers; {schema} has pg_buffercache.
WITH held AS (
    SELECT relfilenode, count(*) AS buffers
    FROM {schema}.pg_buffercache
    WHERE reldatabase IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()))
    GROUP BY relfilenode
)
SELECT coalesce(owner_schema.nspname || '.' || owner.relname, schema.nspname || '.' || own.relname) AS name,
       (sum(held.buffers) * current_setting('block_size')::bigint)::bigint AS cached_bytes
FROM held
JOIN pg_catalog.pg_class AS own ON held.relfilenode = pg_catalog.pg_relation_filenode(own.oid)
JOIN pg_catalog.pg_namespace AS schema ON schema.oid = own.relnamespace
LEFT JOIN pg_catalog.pg_index AS index ON index.indexrelid = own.oid
-- TOAST and its index belong to the table that has them.
LEFT JOIN pg_catalog.pg_class AS owner
    ON owner.oid = coalesce(
        (SELECT oid FROM pg_catalog.pg_class WHERE reltoastrelid = coalesce(index.indrelid, own.oid)
         AND reltoastrelid <> 0),
        index.indrelid)
LEFT JOIN pg_catalog.pg_namespace AS owner_schema ON owner_schema.oid = owner.relnamespace
GROUP BY 1
