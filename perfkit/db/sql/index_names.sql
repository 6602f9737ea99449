-- Every index: OID, schema, name.
SELECT relation.oid, namespace.nspname::text, relation.relname::text
FROM pg_catalog.pg_class AS relation
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = relation.relnamespace
WHERE relation.relkind IN ('i', 'I')
