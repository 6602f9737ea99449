-- How many transactions and multixacts old each database is, and which tables of this database are the oldest.
SELECT
    'database' AS kind,
    datname::text AS name,
    datname = current_database() AS is_here,
    datallowconn AS allows_connections,
    false AS is_temporary,
    age(datfrozenxid) AS xid_age,
    mxid_age(datminmxid) AS multixact_age
FROM pg_catalog.pg_database
UNION ALL
(
    SELECT 'xid table', format('%I.%I', namespace.nspname, relation.relname), true, true,
        relation.relpersistence = 't', age(relfrozenxid), 0
    FROM pg_catalog.pg_class AS relation
    JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = relation.relnamespace
    WHERE relation.relkind IN ('r', 'm', 't')
    ORDER BY age(relfrozenxid) DESC, relation.relpages DESC, 2
    LIMIT 5
)
UNION ALL
(
    SELECT 'multixact table', format('%I.%I', namespace.nspname, relation.relname), true, true,
        relation.relpersistence = 't', 0, mxid_age(relminmxid)
    FROM pg_catalog.pg_class AS relation
    JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = relation.relnamespace
    WHERE relation.relkind IN ('r', 'm', 't')
    ORDER BY mxid_age(relminmxid) DESC, relation.relpages DESC, 2
    LIMIT 5
)
