-- Sizes and statistics of the named relations and of their indexes, one row a relation.
SELECT
    namespace.nspname AS schema,
    relation.relname AS name,
    relation.reltuples AS rows,
    coalesce(pg_catalog.pg_relation_size(relation.oid), 0) AS size_bytes,
    CASE WHEN NOT pg_catalog.pg_is_in_recovery() THEN activity.n_mod_since_analyze END AS modified_since_analyze,
    CASE WHEN NOT pg_catalog.pg_is_in_recovery() THEN activity.n_dead_tup END AS dead_rows,
    greatest(activity.last_analyze, activity.last_autoanalyze) AS last_analyze,
    (
        SELECT coalesce(
            json_agg(
                json_build_object(
                    'name', index_relation.relname,
                    'definition', pg_catalog.pg_get_indexdef(index.indexrelid),
                    'size_bytes', coalesce(pg_catalog.pg_relation_size(index.indexrelid), 0),
                    'valid', index.indisvalid
                )
                ORDER BY index_relation.relname
            ),
            '[]'
        )
        FROM pg_catalog.pg_index AS index
        JOIN pg_catalog.pg_class AS index_relation ON index_relation.oid = index.indexrelid
        WHERE index.indrelid = relation.oid
    ) AS indexes,
    CASE WHEN relation.relispartition THEN (
        SELECT root_namespace.nspname || '.' || root.relname
        FROM pg_catalog.pg_class AS root
        JOIN pg_catalog.pg_namespace AS root_namespace ON root_namespace.oid = root.relnamespace
        WHERE root.oid = pg_catalog.pg_partition_root(relation.oid)
    ) END AS partition_of,
    (
        SELECT coalesce(
            json_object_agg(attname, pg_catalog.format_type(atttypid, atttypmod) ORDER BY attnum), '{}'
        )
        FROM pg_catalog.pg_attribute
        WHERE attrelid = relation.oid AND attnum > 0 AND NOT attisdropped
    ) AS columns,
    -- A domain counts as what it is of; one that is of another domain is not looked into.
    (
        SELECT coalesce(json_agg(attribute.attname ORDER BY attribute.attnum), '[]')
        FROM pg_catalog.pg_attribute AS attribute
        JOIN pg_catalog.pg_type AS type ON type.oid = attribute.atttypid
        LEFT JOIN pg_catalog.pg_type AS base ON base.oid = type.typbasetype
        WHERE
            attribute.attrelid = relation.oid
            AND attribute.attnum > 0
            AND NOT attribute.attisdropped
            AND coalesce(base.typtype, type.typtype) <> 'd'
            AND coalesce(base.oid, type.oid)
                NOT IN ('pg_catalog.text'::regtype, 'pg_catalog.varchar'::regtype)
    ) AS columns_not_text,
    (
        SELECT coalesce(json_agg(attribute.attname ORDER BY attribute.attnum), '[]')
        FROM pg_catalog.pg_attribute AS attribute
        WHERE
            attribute.attrelid = relation.oid
            AND attribute.attnum > 0
            AND NOT attribute.attisdropped
            AND pg_catalog.has_column_privilege(relation.oid, attribute.attnum, 'SELECT')
            AND NOT EXISTS (
                SELECT FROM pg_catalog.pg_stats AS known
                WHERE
                    known.schemaname = namespace.nspname
                    AND known.tablename = relation.relname
                    AND known.attname = attribute.attname
            )
    ) AS columns_without_statistics
FROM unnest($1::text[], $2::text[]) AS wanted (schema, name)
JOIN pg_catalog.pg_namespace AS namespace ON namespace.nspname = wanted.schema
JOIN pg_catalog.pg_class AS relation
    ON relation.relnamespace = namespace.oid AND relation.relname = wanted.name
LEFT JOIN pg_catalog.pg_stat_all_tables AS activity ON activity.relid = relation.oid
ORDER BY 1, 2
