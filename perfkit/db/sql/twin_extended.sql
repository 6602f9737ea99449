-- What extended statistics hold; only the owner of a table is shown them. Attribute numbers are production's. With $1,
-- common combinations of values do not leave the server.
SELECT
    object.oid::bigint AS oid,
    known.statistics_schemaname::text AS schema,
    known.statistics_name::text AS name,
    known.schemaname::text AS table_schema,
    known.tablename::text AS table_name,
    -- A column from 15 on.
    coalesce((to_jsonb(known) ->> 'inherited')::boolean, false) AS inherited,
    (
        SELECT jsonb_object_agg(attribute.attnum, attribute.attname)
        FROM pg_catalog.pg_attribute AS attribute
        WHERE attribute.attrelid = object.stxrelid AND attribute.attnum > 0 AND NOT attribute.attisdropped
    ) AS columns,
    known.n_distinct::text AS distinct,
    known.dependencies::text AS dependencies,
    CASE WHEN NOT $1 THEN to_jsonb(known) -> 'most_common_vals' END AS common_values,
    CASE WHEN NOT $1 THEN to_jsonb(known) -> 'most_common_freqs' END AS common_frequencies,
    CASE WHEN NOT $1 THEN to_jsonb(known) -> 'most_common_base_freqs' END AS common_base_frequencies,
    to_jsonb(known.attnames) AS column_names,
    to_jsonb(known.exprs) AS expressions
FROM pg_catalog.pg_stats_ext AS known
JOIN pg_catalog.pg_namespace AS namespace ON namespace.nspname = known.statistics_schemaname
JOIN pg_catalog.pg_statistic_ext AS object
    ON object.stxnamespace = namespace.oid AND object.stxname = known.statistics_name
ORDER BY 2, 3, 6
