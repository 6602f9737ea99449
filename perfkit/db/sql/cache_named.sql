-- The tables that names ($1, as to_regclass reads them) stand for: "schema.table", for a partition its root.
SELECT DISTINCT root_schema.nspname || '.' || root.relname
FROM unnest($1::text[]) AS given (name)
JOIN pg_catalog.pg_class AS own ON own.oid = pg_catalog.to_regclass(given.name)
JOIN pg_catalog.pg_class AS root ON root.oid = coalesce(pg_catalog.pg_partition_root(own.oid), own.oid)
JOIN pg_catalog.pg_namespace AS root_schema ON root_schema.oid = root.relnamespace
