-- The views of users, each with its SELECT.
SELECT namespace.nspname || '.' || relation.relname, pg_catalog.pg_get_viewdef(relation.oid)
FROM pg_catalog.pg_class AS relation
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = relation.relnamespace
WHERE relation.relkind = 'v' AND namespace.nspname NOT IN ('pg_catalog', 'information_schema')
ORDER BY 1
