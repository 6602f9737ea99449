-- The foreign keys of tables, each with the estimated rows of the table that refers and that table's valid indexes.
WITH RECURSIVE members AS (
    SELECT DISTINCT conrelid AS root, conrelid AS oid
    FROM pg_catalog.pg_constraint
    WHERE contype = 'f' AND conparentid = 0
    UNION ALL
    -- Partitions alone: a key does not hold for tables that merely inherit.
    SELECT members.root, inherits.inhrelid
    FROM members
    JOIN pg_catalog.pg_inherits AS inherits ON inherits.inhparent = members.oid
    JOIN pg_catalog.pg_class AS partition ON partition.oid = inherits.inhrelid AND partition.relispartition
),
-- Null where some part was never analyzed, has no counted rows, and is not empty.
estimates AS MATERIALIZED (
    SELECT members.root, CASE WHEN bool_and(estimate.rows IS NOT NULL) THEN sum(estimate.rows)::float8 END AS rows
    FROM members
    JOIN pg_catalog.pg_class AS member ON member.oid = members.oid AND member.relkind = 'r'
    CROSS JOIN LATERAL (
        SELECT
            CASE
                WHEN member.reltuples >= 0 THEN member.reltuples
                WHEN pg_catalog.pg_stat_get_live_tuples(member.oid) > 0
                    THEN pg_catalog.pg_stat_get_live_tuples(member.oid)
                WHEN pg_catalog.pg_relation_size(member.oid) = 0 THEN 0
            END AS rows
        OFFSET 0
    ) AS estimate
    GROUP BY members.root
),
-- Once for all, whatever the planner takes the catalogs to hold that were never analyzed.
definitions AS MATERIALIZED (
    SELECT
        index.indrelid AS relation,
        -- Null is one that was dropped meanwhile.
        array_remove(array_agg(pg_catalog.pg_get_indexdef(index.indexrelid)), NULL) AS indexes
    FROM pg_catalog.pg_index AS index
    WHERE index.indisvalid AND index.indrelid IN (SELECT root FROM members)
    GROUP BY index.indrelid
)
SELECT
    namespace.nspname AS schema,
    relation.relname AS name,
    relation.relkind = 'p' AS is_partitioned,
    key.conname AS key,
    format('%I.%I', referenced_namespace.nspname, referenced.relname) AS referenced,
    (
        SELECT array_agg(attribute.attname::text ORDER BY part.place)
        FROM unnest(key.conkey) WITH ORDINALITY AS part (number, place)
        JOIN pg_catalog.pg_attribute AS attribute
            ON attribute.attrelid = key.conrelid AND attribute.attnum = part.number
    ) AS columns,
    -- A partitioned table without partitions has no rows.
    CASE WHEN estimates.root IS NULL THEN 0 ELSE estimates.rows END AS rows,
    coalesce(definitions.indexes, '{}') AS indexes
FROM pg_catalog.pg_constraint AS key
JOIN pg_catalog.pg_class AS relation ON relation.oid = key.conrelid
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = relation.relnamespace
JOIN pg_catalog.pg_class AS referenced ON referenced.oid = key.confrelid
JOIN pg_catalog.pg_namespace AS referenced_namespace ON referenced_namespace.oid = referenced.relnamespace
LEFT JOIN estimates ON estimates.root = key.conrelid
LEFT JOIN definitions ON definitions.relation = key.conrelid
WHERE key.contype = 'f' AND key.conparentid = 0
ORDER BY rows DESC NULLS LAST, 1, 2, 4
