-- The foreign keys of all tables; those that partitions inherit stand with their root.
SELECT
    namespace.nspname || '.' || relation.relname AS table_name,
    key.conname AS name,
    (
        SELECT array_agg(attribute.attname::text ORDER BY part.place)
        FROM unnest(key.conkey) WITH ORDINALITY AS part (number, place)
        JOIN pg_catalog.pg_attribute AS attribute
            ON attribute.attrelid = key.conrelid AND attribute.attnum = part.number
    ) AS columns,
    referenced_namespace.nspname || '.' || referenced.relname AS referenced,
    (
        SELECT array_agg(attribute.attname::text ORDER BY part.place)
        FROM unnest(key.confkey) WITH ORDINALITY AS part (number, place)
        JOIN pg_catalog.pg_attribute AS attribute
            ON attribute.attrelid = key.confrelid AND attribute.attnum = part.number
    ) AS referenced_columns,
    key.confdeltype::text AS on_delete,
    key.confupdtype::text AS on_update
FROM pg_catalog.pg_constraint AS key
JOIN pg_catalog.pg_class AS relation ON relation.oid = key.conrelid
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = relation.relnamespace
JOIN pg_catalog.pg_class AS referenced ON referenced.oid = key.confrelid
JOIN pg_catalog.pg_namespace AS referenced_namespace ON referenced_namespace.oid = referenced.relnamespace
WHERE key.contype = 'f' AND key.conparentid = 0
ORDER BY 1, key.conname
