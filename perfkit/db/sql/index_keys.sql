-- The keys of an index, and the rows of its table, as the planner takes them to be.
SELECT
    ARRAY(
        SELECT pg_catalog.pg_get_indexdef(keyed.indexrelid, place, true)
        FROM generate_series(1, keyed.indnkeyatts) AS place
    ),
    greatest(relation.reltuples, 0)::float8
FROM pg_catalog.pg_index AS keyed
JOIN pg_catalog.pg_class AS relation ON relation.oid = keyed.indrelid
WHERE keyed.indexrelid = %s
