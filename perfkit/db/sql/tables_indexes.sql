-- The indexes of all tables.
SELECT
    namespace.nspname || '.' || relation.relname AS table_name,
    index_relation.relname AS name,
    pg_catalog.pg_get_indexdef(index.indexrelid) AS definition,
    index.indisvalid AS valid,
    index.indisunique AS unique,
    coalesce(key.conname, '') AS constraint,
    coalesce(pg_catalog.pg_relation_size(index.indexrelid), 0) AS size_bytes,
    pg_catalog.pg_stat_get_numscans(index.indexrelid) AS scans,
    /* part_is_held */ AS held
FROM pg_catalog.pg_index AS index
JOIN pg_catalog.pg_class AS relation ON relation.oid = index.indrelid
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = relation.relnamespace
JOIN pg_catalog.pg_class AS index_relation ON index_relation.oid = index.indexrelid
LEFT JOIN pg_catalog.pg_constraint AS key
    ON key.conindid = index.indexrelid AND key.contype IN ('p', 'u', 'x')
WHERE
    relation.relkind IN ('r', 'm', 'p')
    AND relation.relpersistence <> 't'
    AND namespace.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
ORDER BY 1, 2
