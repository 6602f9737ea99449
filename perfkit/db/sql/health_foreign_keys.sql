-- The foreign keys of tables, each with the estimated rows of the table that refers and that table's valid indexes.
WITH RECURSIVE members AS (
    SELECT oid AS root, oid FROM pg_catalog.pg_class WHERE relkind IN ('r', 'p')
    UNION ALL
    SELECT members.root, inherits.inhrelid
    FROM members
    JOIN pg_catalog.pg_inherits AS inherits ON inherits.inhparent = members.oid
)
SELECT
    namespace.nspname AS schema,
    relation.relname AS name,
    relation.relkind = 'p' AS is_partitioned,
    key.conname AS key,
    referenced.oid::regclass::text AS referenced,
    (
        SELECT array_agg(attribute.attname::text ORDER BY part.place)
        FROM unnest(key.conkey) WITH ORDINALITY AS part (number, place)
        JOIN pg_catalog.pg_attribute AS attribute
            ON attribute.attrelid = key.conrelid AND attribute.attnum = part.number
    ) AS columns,
    -- Null where a part was never analyzed.
    (
        SELECT CASE WHEN bool_and(member.reltuples >= 0) THEN sum(member.reltuples)::float8 END
        FROM members
        JOIN pg_catalog.pg_class AS member ON member.oid = members.oid AND member.relkind = 'r'
        WHERE members.root = key.conrelid
    ) AS rows,
    (
        SELECT coalesce(array_agg(pg_catalog.pg_get_indexdef(index.indexrelid)), '{}')
        FROM pg_catalog.pg_index AS index
        WHERE index.indrelid = key.conrelid AND index.indisvalid
    ) AS indexes
FROM pg_catalog.pg_constraint AS key
JOIN pg_catalog.pg_class AS relation ON relation.oid = key.conrelid
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = relation.relnamespace
JOIN pg_catalog.pg_class AS referenced ON referenced.oid = key.confrelid
WHERE key.contype = 'f' AND key.conparentid = 0
ORDER BY rows DESC NULLS LAST, 1, 2, 4
