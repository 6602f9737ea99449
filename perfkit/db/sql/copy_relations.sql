-- Every table with what shows that it was changed: its file, its columns, what needs statistics of its own, its rows.
SELECT
    namespace.nspname::text AS schema,
    relation.relname::text AS name,
    relation.oid::bigint AS oid,
    relation.relfilenode::bigint AS file,
    (
        SELECT array_agg(row(attribute.attnum, attribute.attname, attribute.atttypid, attribute.attisdropped)::text
            ORDER BY attribute.attnum)
        FROM pg_catalog.pg_attribute AS attribute
        WHERE attribute.attrelid = relation.oid AND attribute.attnum > 0
    ) AS columns,
    (
        SELECT array_agg(pg_catalog.pg_get_indexdef(index.indexrelid) ORDER BY index.indexrelid)
        FROM pg_catalog.pg_index AS index
        WHERE index.indrelid = relation.oid AND index.indexprs IS NOT NULL
    ) AS expression_indexes,
    (
        SELECT array_agg(pg_catalog.pg_get_statisticsobjdef(extended.oid) ORDER BY extended.oid)
        FROM pg_catalog.pg_statistic_ext AS extended
        WHERE extended.stxrelid = relation.oid
    ) AS extended_statistics,
    coalesce(
        pg_catalog.pg_stat_get_tuples_inserted(relation.oid)
        + pg_catalog.pg_stat_get_tuples_updated(relation.oid)
        + pg_catalog.pg_stat_get_tuples_deleted(relation.oid),
        0
    ) AS rows_written
FROM pg_catalog.pg_class AS relation
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = relation.relnamespace
WHERE
    relation.relkind IN ('r', 'm', 'p')
    AND relation.relpersistence <> 't'
    AND namespace.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
ORDER BY 1, 2
