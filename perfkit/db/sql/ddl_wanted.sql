-- What the server has read of a definition, from an empty index that it made of it; $2 is the table it is meant for.
SELECT
    pg_catalog.pg_get_indexdef(index.indexrelid) AS statement,
    method.amname::text AS method,
    index.indexprs IS NOT NULL AS has_expression,
    index.indpred IS NOT NULL AS is_partial,
    coalesce(tablespace.spcname::text, '') AS tablespace,
    (
        SELECT array_agg(attname::text ORDER BY attnum)
        FROM pg_catalog.pg_attribute
        WHERE attrelid = index.indexrelid
    ) AS columns,
    -- 0 when a key has no statistics, such as an expression.
    (
        SELECT CASE WHEN bool_and(known.avg_width IS NOT NULL) THEN sum(known.avg_width) ELSE 0 END
        FROM unnest(index.indkey::int2[]) AS key (attnum)
        LEFT JOIN pg_catalog.pg_attribute AS attribute ON attribute.attrelid = index.indrelid AND attribute.attnum = key.attnum
        LEFT JOIN LATERAL (
            SELECT max(stats.avg_width) AS avg_width
            FROM pg_catalog.pg_stats AS stats
            JOIN pg_catalog.pg_class AS meant ON meant.oid = $2::oid
            JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = meant.relnamespace
            WHERE
                stats.schemaname = namespace.nspname
                AND stats.tablename = meant.relname
                AND stats.attname = attribute.attname
        ) AS known ON true
    )::int AS key_bytes
FROM pg_catalog.pg_index AS index
JOIN pg_catalog.pg_class AS relation ON relation.oid = index.indexrelid
JOIN pg_catalog.pg_am AS method ON method.oid = relation.relam
LEFT JOIN pg_catalog.pg_tablespace AS tablespace ON tablespace.oid = relation.reltablespace
WHERE index.indrelid = $1::oid
