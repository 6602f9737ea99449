-- The file of every relation of the users', below the data directory, and where an index has its ends.
SELECT
    namespace.nspname::text,
    relation.relname::text,
    pg_catalog.pg_relation_filepath(relation.oid),
    pg_catalog.pg_relation_filepath(ends.tree),
    ends.lowest,
    ends.highest
FROM pg_catalog.pg_class AS relation
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = relation.relnamespace
LEFT JOIN perfkit_twin.ends ON ends.index = relation.oid
WHERE
    relation.relkind IN ('r', 'm', 'i')
    AND namespace.nspname !~ '^pg_'
    AND namespace.nspname NOT IN ('information_schema', 'perfkit_twin')
