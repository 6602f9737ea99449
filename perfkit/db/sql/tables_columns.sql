-- The columns of all tables, with what their statistics say to this role.
WITH own AS (
    SELECT *
    FROM pg_catalog.pg_stats
    WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
),
database AS (
    SELECT
        CASE coalesce(to_jsonb(entry) ->> 'datlocprovider', 'c')
            WHEN 'c' THEN entry.datcollate IN ('C', 'POSIX')
            WHEN 'b' THEN true
            ELSE false
        END AS is_c
    FROM pg_catalog.pg_database AS entry
    WHERE entry.datname = pg_catalog.current_database()
)
SELECT
    namespace.nspname || '.' || relation.relname AS table_name,
    attribute.attname AS name,
    pg_catalog.format_type(attribute.atttypid, attribute.atttypmod) AS type,
    coalesce(base.typname, type.typname) AS type_name,
    coalesce(base.typcategory, type.typcategory)::text AS category,
    attribute.attnotnull AS not_null,
    CASE
        WHEN collation_entry.oid IS NULL THEN false
        WHEN collation_entry.collprovider = 'd' THEN database.is_c
        ELSE collation_entry.collprovider = 'b' OR collation_entry.collcollate IN ('C', 'POSIX')
    END AS collation_is_c,
    own.attname IS NOT NULL AS analyzed,
    coalesce(own.null_frac, 0)::float8 AS null_share,
    coalesce(own.avg_width, 0) AS width_bytes,
    coalesce(own.n_distinct, 0)::float8 AS "distinct",
    own.correlation::float8 AS correlation,
    coalesce(own.most_common_vals::text::text[], '{}') AS common_values,
    coalesce(own.most_common_freqs, '{}')::float8[] AS common_frequencies,
    CASE WHEN coalesce(base.typcategory, type.typcategory) = 'S' AND attribute.atttypmod = -1 THEN coalesce(
        (
            SELECT max(length(known.value))
            FROM unnest(own.most_common_vals::text::text[] || own.histogram_bounds::text::text[]) AS known (value)
        ), 0
    ) ELSE 0 END AS longest_known
FROM pg_catalog.pg_class AS relation
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = relation.relnamespace
JOIN pg_catalog.pg_attribute AS attribute
    ON attribute.attrelid = relation.oid AND attribute.attnum > 0 AND NOT attribute.attisdropped
JOIN pg_catalog.pg_type AS type ON type.oid = attribute.atttypid
LEFT JOIN pg_catalog.pg_type AS base ON base.oid = type.typbasetype
LEFT JOIN pg_catalog.pg_collation AS collation_entry ON collation_entry.oid = attribute.attcollation
LEFT JOIN own
    ON
        own.schemaname = namespace.nspname
        AND own.tablename = relation.relname
        AND own.attname = attribute.attname
        AND own.inherited = (relation.relkind = 'p')
CROSS JOIN database
WHERE
    relation.relkind IN ('r', 'm', 'p')
    AND relation.relpersistence <> 't'
    AND namespace.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
ORDER BY 1, attribute.attnum
