-- The text of every view that the named relations are or stand on; the server's own views are trusted.
WITH RECURSIVE used (oid) AS (
    SELECT pg_catalog.to_regclass(wanted.name)::oid
    FROM unnest($1::text[]) AS wanted (name)
    UNION
    SELECT dependency.refobjid
    FROM used
    JOIN pg_catalog.pg_rewrite AS rule ON rule.ev_class = used.oid
    JOIN pg_catalog.pg_depend AS dependency
        ON dependency.classid = 'pg_catalog.pg_rewrite'::regclass
        AND dependency.objid = rule.oid
        AND dependency.refclassid = 'pg_catalog.pg_class'::regclass
)
SELECT pg_catalog.pg_get_viewdef(relation.oid)
FROM used
JOIN pg_catalog.pg_class AS relation ON relation.oid = used.oid
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = relation.relnamespace
WHERE relation.relkind = 'v' AND namespace.nspname NOT IN ('pg_catalog', 'information_schema')
