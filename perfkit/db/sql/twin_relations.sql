-- Every relation of the users' that the planner may look at, with the sizes that it plans by, and what it takes to look
-- into an index: the keys as text, how they are sorted, the condition of a partial one.
SELECT
    relation.oid::bigint AS oid,
    namespace.nspname::text AS schema,
    relation.relname::text AS name,
    relation.relkind::text AS kind,
    relation.relpages AS pages,
    relation.reltuples::float8 AS rows,
    relation.relallvisible AS visible_pages,
    CASE WHEN relation.relkind IN ('r', 'm', 'i') THEN
        coalesce(pg_catalog.pg_relation_size(relation.oid), 0) / current_setting('block_size')::int
    ELSE 0 END AS blocks,
    method.amname::text AS method,
    table_namespace.nspname::text AS table_schema,
    indexed.relname::text AS table_name,
    CASE WHEN method.amname = 'brin' THEN coalesce(
        (SELECT option_value::int FROM pg_catalog.pg_options_to_table(relation.reloptions)
        WHERE option_name = 'pages_per_range'), 128
    ) END AS pages_per_range,
    coalesce(index.indisvalid AND indexed.relispopulated, true) AS is_valid,
    pg_catalog.has_table_privilege(coalesce(index.indrelid, relation.oid), 'SELECT')
        AND pg_catalog.has_schema_privilege(coalesce(indexed.relnamespace, relation.relnamespace), 'USAGE')
        AS is_readable,
    coalesce(indexed.relrowsecurity, relation.relrowsecurity)
        AND pg_catalog.row_security_active(coalesce(index.indrelid, relation.oid)) AS hides_rows,
    pg_catalog.pg_get_expr(index.indpred, index.indrelid) AS predicate,
    CASE WHEN index.indexrelid IS NOT NULL THEN ARRAY(
        SELECT
            CASE WHEN key = 0 THEN '(' || pg_catalog.pg_get_indexdef(index.indexrelid, place::int, false) || ')'
            ELSE pg_catalog.pg_get_indexdef(index.indexrelid, place::int, false) END
            || CASE WHEN sorting.collname <> 'default'
                THEN format(' COLLATE %I.%I', sorting_namespace.nspname, sorting.collname) ELSE '' END
        FROM unnest(index.indkey::int2[], index.indcollation::oid[])
            WITH ORDINALITY AS keys (key, sorted_by, place)
        LEFT JOIN pg_catalog.pg_collation AS sorting ON sorting.oid = keys.sorted_by
        LEFT JOIN pg_catalog.pg_namespace AS sorting_namespace
            ON sorting_namespace.oid = sorting.collnamespace
        WHERE place <= index.indnkeyatts
        ORDER BY place
    ) END AS keys,
    -- How a b-tree sorts each key: its operator for less, or for greater when it descends.
    CASE WHEN method.amname = 'btree' THEN ARRAY(
        SELECT
            format('USING OPERATOR(%I.%s) NULLS ', operator_namespace.nspname, operator.oprname)
            || CASE WHEN option & 2 = 2 THEN 'FIRST' ELSE 'LAST' END
        FROM unnest(index.indclass::oid[], index.indoption::int2[]) WITH ORDINALITY AS keys (class, option, place)
        JOIN pg_catalog.pg_opclass AS opclass ON opclass.oid = keys.class
        JOIN pg_catalog.pg_amop AS member
            ON member.amopfamily = opclass.opcfamily
            AND member.amoplefttype = opclass.opcintype AND member.amoprighttype = opclass.opcintype
            AND member.amopstrategy = CASE WHEN option & 1 = 1 THEN 5 ELSE 1 END
        JOIN pg_catalog.pg_operator AS operator ON operator.oid = member.amopopr
        JOIN pg_catalog.pg_namespace AS operator_namespace ON operator_namespace.oid = operator.oprnamespace
        ORDER BY place
    ) END AS orders,
    (SELECT opcname::text FROM pg_catalog.pg_opclass WHERE oid = index.indclass[0]) AS operator_class,
    exists(
        SELECT FROM pg_catalog.pg_tablespace AS place
        WHERE place.oid = relation.reltablespace AND place.spcoptions IS NOT NULL
    ) AS has_own_costs
FROM pg_catalog.pg_class AS relation
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = relation.relnamespace
LEFT JOIN pg_catalog.pg_index AS index ON index.indexrelid = relation.oid
LEFT JOIN pg_catalog.pg_class AS indexed ON indexed.oid = index.indrelid
LEFT JOIN pg_catalog.pg_namespace AS table_namespace ON table_namespace.oid = indexed.relnamespace
LEFT JOIN pg_catalog.pg_am AS method ON method.oid = relation.relam AND relation.relkind IN ('i', 'I')
WHERE
    relation.relkind IN ('r', 'm', 'p', 'i', 'I')
    AND namespace.nspname !~ '^pg_'
    AND namespace.nspname <> 'information_schema'
    AND NOT exists(
        SELECT FROM pg_catalog.pg_depend AS owned
        WHERE owned.objid = coalesce(index.indrelid, relation.oid)
            AND owned.classid = 'pg_catalog.pg_class'::regclass AND owned.deptype = 'e'
    )
ORDER BY relation.oid
