-- Tables, partitioned tables and materialised views; a partitioned table with what its partitions have together.
WITH sized AS (
    SELECT
        relation.oid,
        greatest(relation.reltuples, 0) AS rows,
        relation.reltuples < 0 AS is_unknown,
        coalesce(pg_catalog.pg_relation_size(relation.oid), 0)
        / pg_catalog.current_setting('block_size')::bigint AS pages,
        coalesce(pg_catalog.pg_relation_size(relation.reltoastrelid), 0)
        / pg_catalog.current_setting('block_size')::bigint AS toast_pages
    FROM pg_catalog.pg_class AS relation
    WHERE relation.relkind IN ('r', 'm')
),
whole AS (
    SELECT
        ancestor.relid AS oid,
        sum(sized.rows) AS rows,
        bool_and(sized.is_unknown) AS is_unknown,
        sum(sized.pages) AS pages,
        sum(sized.toast_pages) AS toast_pages
    FROM sized
    JOIN pg_catalog.pg_class AS leaf ON leaf.oid = sized.oid AND leaf.relispartition
    CROSS JOIN LATERAL pg_catalog.pg_partition_ancestors(leaf.oid) AS ancestor
    WHERE ancestor.relid <> leaf.oid
    GROUP BY ancestor.relid
)
SELECT
    namespace.nspname AS schema,
    relation.relname AS name,
    CASE WHEN coalesce(sized.is_unknown, whole.is_unknown) THEN -1 ELSE coalesce(sized.rows, whole.rows, 0) END::float8
        AS rows,
    coalesce(sized.pages, whole.pages, 0)::bigint AS pages,
    coalesce(sized.toast_pages, whole.toast_pages, 0)::bigint AS toast_pages,
    relation.relkind = 'p' AS is_partitioned,
    CASE WHEN relation.relispartition THEN (
        SELECT root_namespace.nspname || '.' || root.relname
        FROM pg_catalog.pg_class AS root
        JOIN pg_catalog.pg_namespace AS root_namespace ON root_namespace.oid = root.relnamespace
        WHERE root.oid = pg_catalog.pg_partition_root(relation.oid)
    ) ELSE '' END AS partition_of,
    relation.relkind = 'r' AND relation.oid IN (SELECT inhparent FROM pg_catalog.pg_inherits) AS has_children,
    /* part_is_child */ AS is_child,
    coalesce(
        (
            SELECT array_agg(attribute.attname::text ORDER BY part.place)
            FROM pg_catalog.pg_partitioned_table AS partitioned
            CROSS JOIN LATERAL unnest(partitioned.partattrs::smallint[]) WITH ORDINALITY AS part (number, place)
            JOIN pg_catalog.pg_attribute AS attribute
                ON attribute.attrelid = relation.oid AND attribute.attnum = part.number
            WHERE partitioned.partrelid = relation.oid
        ),
        '{}'
    ) AS partition_key,
    /* part_expressions */ AS expressions
FROM pg_catalog.pg_class AS relation
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = relation.relnamespace
LEFT JOIN sized ON sized.oid = relation.oid
LEFT JOIN whole ON whole.oid = relation.oid
WHERE
    relation.relkind IN ('r', 'm', 'p')
    AND relation.relpersistence <> 't'
    AND namespace.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
ORDER BY 1, 2
