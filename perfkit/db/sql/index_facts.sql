-- What the size of each index follows from, but for the statistics of its columns; one row an index, in the order asked.
SELECT
    index.indexrelid::bigint AS oid,
    index.indrelid::bigint AS table_oid,
    method.amname AS method,
    index.indisunique AS is_unique,
    index.indnkeyatts AS key_count,
    coalesce(relation.reloptions, '{}') AS storage,
    pg_catalog.pg_get_expr(index.indpred, index.indrelid) AS predicate,
    pg_catalog.quote_ident(namespace.nspname) || '.' || pg_catalog.quote_ident(heap.relname) AS table_name,
    own_namespace.nspname AS schema,
    relation.relname AS name,
    heap.reltuples AS reltuples,
    heap.relpages AS relpages,
    coalesce(pg_catalog.pg_relation_size(heap.oid) / pg_catalog.current_setting('block_size')::int, 0) AS pages,
    (
        SELECT
            json_agg(
                json_build_object(
                    'table_column', index.indkey[attribute.attnum - 1],
                    'text', pg_catalog.pg_get_indexdef(index.indexrelid, attribute.attnum, true),
                    'name', attribute.attname,
                    'number', attribute.attnum,
                    'type_name', type.typname,
                    'type_oid', attribute.atttypid::bigint,
                    'length_bytes', type.typlen,
                    'alignment', type.typalign,
                    'operator_class', coalesce(class.opcname, ''),
                    'can_deduplicate', EXISTS (
                        SELECT
                        FROM pg_catalog.pg_amproc AS support
                        WHERE
                            support.amprocfamily = class.opcfamily
                            AND support.amproclefttype = class.opcintype
                            AND support.amprocrighttype = class.opcintype
                            AND support.amprocnum = 4
                    ) AND coalesce(collation_used.collisdeterministic, true)
                )
                ORDER BY attribute.attnum
            )
        FROM pg_catalog.pg_attribute AS attribute
        JOIN pg_catalog.pg_type AS type ON type.oid = attribute.atttypid
        LEFT JOIN pg_catalog.pg_opclass AS class
            ON attribute.attnum <= index.indnkeyatts AND class.oid = index.indclass[attribute.attnum - 1]
        LEFT JOIN pg_catalog.pg_collation AS collation_used ON collation_used.oid = attribute.attcollation
        WHERE attribute.attrelid = index.indexrelid
    ) AS columns,
    (
        SELECT
            coalesce(
                json_agg(
                    json_build_object(
                        'number', attribute.attnum,
                        'name', pg_catalog.quote_ident(attribute.attname),
                        'type', pg_catalog.format_type(attribute.atttypid, attribute.atttypmod)
                    )
                    ORDER BY attribute.attnum
                ),
                '[]'
            )
        FROM pg_catalog.pg_attribute AS attribute
        WHERE
            attribute.attrelid = heap.oid
            AND attribute.attnum > 0
            AND NOT attribute.attisdropped
            AND (
                attribute.attnum = ANY(index.indkey::int2[])
                OR attribute.attnum IN (
                    SELECT refobjsubid
                    FROM pg_catalog.pg_depend
                    WHERE
                        classid = 'pg_catalog.pg_class'::regclass
                        AND objid = index.indexrelid
                        AND refclassid = 'pg_catalog.pg_class'::regclass
                        AND refobjid = heap.oid
                )
            )
    ) AS table_columns,
    (
        SELECT coalesce(array_agg(known.n_distinct::text), '{}')
        FROM pg_catalog.pg_stats_ext AS known
        WHERE
            known.schemaname = namespace.nspname
            AND known.tablename = heap.relname
            AND known.n_distinct IS NOT NULL
    ) AS distinct_counts
FROM unnest($1::bigint[]) WITH ORDINALITY AS wanted (oid, place)
JOIN pg_catalog.pg_index AS index ON index.indexrelid = wanted.oid::oid
JOIN pg_catalog.pg_class AS relation ON relation.oid = index.indexrelid
JOIN pg_catalog.pg_namespace AS own_namespace ON own_namespace.oid = relation.relnamespace
JOIN pg_catalog.pg_am AS method ON method.oid = relation.relam
JOIN pg_catalog.pg_class AS heap ON heap.oid = index.indrelid
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = heap.relnamespace
ORDER BY wanted.place
