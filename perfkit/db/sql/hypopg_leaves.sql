-- The partitions that hold the rows of the partitioned tables given as (schema, name).
SELECT
    wanted.schema,
    wanted.name,
    leaf_namespace.nspname::text AS leaf_schema,
    leaf.relname::text AS leaf_name
FROM unnest($1::text[], $2::text[]) AS wanted (schema, name)
JOIN pg_catalog.pg_namespace AS namespace ON namespace.nspname = wanted.schema
JOIN pg_catalog.pg_class AS root ON root.relnamespace = namespace.oid AND root.relname = wanted.name
JOIN LATERAL pg_catalog.pg_partition_tree(root.oid) AS member ON member.isleaf
JOIN pg_catalog.pg_class AS leaf ON leaf.oid = member.relid
JOIN pg_catalog.pg_namespace AS leaf_namespace ON leaf_namespace.oid = leaf.relnamespace
WHERE root.relkind = 'p'
ORDER BY wanted.schema, wanted.name, leaf.oid
