-- A table and, of a partitioned one, all partitions below it, parents first.
WITH RECURSIVE tree (oid, parent, level) AS (
    SELECT $1::oid, NULL::oid, 0
    UNION ALL
    SELECT below.inhrelid, below.inhparent, tree.level + 1
    FROM tree
    JOIN pg_catalog.pg_inherits AS below ON below.inhparent = tree.oid
    JOIN pg_catalog.pg_class AS child ON child.oid = below.inhrelid AND child.relispartition
    WHERE NOT below.inhdetachpending
)

SELECT
    relation.oid,
    namespace.nspname AS schema,
    relation.relname AS name,
    relation.relkind::text AS kind,
    parent_namespace.nspname AS parent_schema,
    parent.relname AS parent_name,
    pg_catalog.pg_get_userbyid(relation.relowner)::text AS owner,
    pg_catalog.pg_has_role(relation.relowner, 'USAGE') AS is_owned,
    pg_catalog.has_schema_privilege(namespace.oid, 'CREATE') AS may_create,
    relation.reltuples::float8 AS rows,
    pg_catalog.pg_relation_size(relation.oid) AS size_bytes
FROM tree
JOIN pg_catalog.pg_class AS relation ON relation.oid = tree.oid
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = relation.relnamespace
LEFT JOIN pg_catalog.pg_class AS parent ON parent.oid = tree.parent
LEFT JOIN pg_catalog.pg_namespace AS parent_namespace ON parent_namespace.oid = parent.relnamespace
ORDER BY tree.level, namespace.nspname, relation.relname
