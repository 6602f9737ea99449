-- What an import into a table must know: its columns that take values, foreign keys that refer to it, its GIN indexes, rows.
SELECT
    (
        SELECT array_agg(attribute.attname::text ORDER BY attribute.attnum)
        FROM pg_catalog.pg_attribute AS attribute
        WHERE
            attribute.attrelid = relation.oid
            AND attribute.attnum > 0
            AND NOT attribute.attisdropped
            AND attribute.attgenerated = ''
    ) AS columns,
    (
        SELECT coalesce(array_agg(ARRAY[namespace.nspname, referring.relname, key.conname]::text[]), '{}')
        FROM pg_catalog.pg_constraint AS key
        JOIN pg_catalog.pg_class AS referring ON referring.oid = key.conrelid
        JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = referring.relnamespace
        WHERE key.contype = 'f' AND key.conparentid = 0 AND key.confrelid = relation.oid
    ) AS references_to_it,
    (
        SELECT coalesce(array_agg(index.indexrelid::int8), '{}')
        FROM pg_catalog.pg_partition_tree(relation.oid) AS part
        JOIN pg_catalog.pg_index AS index ON index.indrelid = coalesce(part.relid, relation.oid)
        JOIN pg_catalog.pg_class AS index_relation ON index_relation.oid = index.indexrelid
        JOIN pg_catalog.pg_am AS method ON method.oid = index_relation.relam
        WHERE method.amname = 'gin' AND index_relation.relkind = 'i' AND index.indisready
    ) AS gin_indexes,
    (
        SELECT coalesce(sum(greatest(leaf.reltuples, 0)), 0)::float8
        FROM pg_catalog.pg_partition_tree(relation.oid) AS part
        JOIN pg_catalog.pg_class AS leaf ON leaf.oid = part.relid
        WHERE part.isleaf
    ) AS rows
FROM pg_catalog.pg_class AS relation
WHERE relation.oid = $1::regclass AND relation.relkind IN ('r', 'p')
