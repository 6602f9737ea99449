-- The indexes of users' tables but those of partitions, which come and go with their parents'. Sizes are those of the
-- last VACUUM or ANALYZE: to ask for the true ones takes a lock on each table.
SELECT
    namespace.nspname AS schema,
    index_relation.relname AS name,
    relation.relname AS table_name,
    pg_catalog.pg_get_indexdef(index.indexrelid) AS definition,
    index.indisvalid AS is_valid,
    index.indisunique AS is_unique,
    index.indisreplident OR index.indisclustered AS is_marked,
    index_relation.relkind = 'I' AS is_partitioned,
    coalesce(key.conname, '') AS constraint,
    index_relation.relpages * current_setting('block_size')::bigint AS size_bytes,
    pg_catalog.pg_stat_get_numscans(index.indexrelid) AS scans,
    -- What another role builds is hidden from this one: its table is null, and it could be this one.
    (
        SELECT bool_or(progress.relid IS NULL OR progress.relid = index.indrelid)
        FROM pg_catalog.pg_stat_progress_create_index AS progress
        WHERE progress.datname = current_database()
    ) IS TRUE AS may_be_building
FROM pg_catalog.pg_index AS index
JOIN pg_catalog.pg_class AS relation ON relation.oid = index.indrelid
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = relation.relnamespace
JOIN pg_catalog.pg_class AS index_relation ON index_relation.oid = index.indexrelid
LEFT JOIN pg_catalog.pg_constraint AS key
    ON key.conindid = index.indexrelid AND key.contype IN ('p', 'u', 'x')
WHERE
    relation.relkind IN ('r', 'm', 'p')
    AND relation.relpersistence <> 't'
    AND NOT (index_relation.relispartition AND index.indisvalid)
    AND namespace.nspname NOT IN ('pg_catalog', 'information_schema')
ORDER BY 1, 3, 2
