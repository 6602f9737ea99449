-- Of each table (schemas $1, names $2) the one that stands for it: a partition's root, else itself.
SELECT given.schema, given.name, root_schema.nspname || '.' || root.relname
FROM unnest($1::text[], $2::text[]) AS given (schema, name)
JOIN pg_catalog.pg_namespace AS own_schema ON own_schema.nspname = given.schema
JOIN pg_catalog.pg_class AS own ON own.relnamespace = own_schema.oid AND own.relname = given.name
JOIN pg_catalog.pg_class AS root ON root.oid = coalesce(pg_catalog.pg_partition_root(own.oid), own.oid)
JOIN pg_catalog.pg_namespace AS root_schema ON root_schema.oid = root.relnamespace
