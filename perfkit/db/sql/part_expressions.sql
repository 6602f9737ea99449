-- The expressions of a table's extended statistics.
array(
    SELECT expression.text
    FROM pg_catalog.pg_statistic_ext AS statistics
    CROSS JOIN LATERAL unnest(pg_catalog.pg_get_statisticsobjdef_expressions(statistics.oid)) AS expression (text)
    WHERE statistics.stxrelid = relation.oid
)
