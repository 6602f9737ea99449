-- The files of indexes that have one, and what their first pages follow from.
SELECT
    relation.oid,
    namespace.nspname::text AS schema,
    relation.relname::text AS name,
    method.amname::text AS method,
    pg_catalog.pg_relation_filepath(relation.oid) AS path,
    pg_catalog.pg_relation_size(index.indrelid) / current_setting('block_size')::int AS table_blocks,
    CASE WHEN method.amname = 'brin' THEN coalesce(
        (SELECT option_value::int FROM pg_catalog.pg_options_to_table(relation.reloptions)
        WHERE option_name = 'pages_per_range'), 128
    ) END AS pages_per_range
FROM unnest($1::oid[]) AS wanted (oid)
JOIN pg_catalog.pg_class AS relation ON relation.oid = wanted.oid
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = relation.relnamespace
JOIN pg_catalog.pg_index AS index ON index.indexrelid = relation.oid
JOIN pg_catalog.pg_am AS method ON method.oid = relation.relam
WHERE relation.relkind = 'i'
