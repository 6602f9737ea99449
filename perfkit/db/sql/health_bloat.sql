-- How many bytes each table would take if its rows lay side by side, from the widths in its statistics, beside what it
-- took at the last VACUUM or ANALYZE. Null where the role may not see the statistics of some column, or there are none.
WITH widths AS (
    SELECT
        relation.oid,
        -- The header of a row (23 bytes, a bit a column where some are null), aligned as the machine is, and its line pointer.
        sum((1 - coalesce(statistics.null_frac, 0)) * statistics.avg_width) AS row_bytes,
        (23 + CASE WHEN bool_or(statistics.null_frac > 0) THEN (count(*) + 7) / 8 ELSE 0 END + 7) / 8 * 8 AS header_bytes,
        count(*) = count(statistics.avg_width) AS is_known,
        bool_and(has_column_privilege(relation.oid, attribute.attnum, 'SELECT')) AS is_readable
    FROM pg_catalog.pg_class AS relation
    JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = relation.relnamespace
    JOIN pg_catalog.pg_attribute AS attribute
        ON attribute.attrelid = relation.oid AND attribute.attnum > 0 AND NOT attribute.attisdropped
    LEFT JOIN pg_catalog.pg_stats AS statistics
        ON
            statistics.schemaname = namespace.nspname
            AND statistics.tablename = relation.relname
            AND statistics.attname = attribute.attname
            AND NOT statistics.inherited
    WHERE relation.relkind IN ('r', 'm') AND namespace.nspname NOT IN ('pg_catalog', 'information_schema')
    GROUP BY relation.oid
)
SELECT
    namespace.nspname AS schema,
    relation.relname AS name,
    relation.reltuples::float8 AS rows,
    relation.relpages * current_setting('block_size')::bigint AS size_bytes,
    CASE
        WHEN widths.is_known AND relation.reltuples >= 0
            THEN (
                relation.reltuples
                * (4 + widths.header_bytes + ceil(widths.row_bytes / 8) * 8)
                / ((current_setting('block_size')::int - 24) * coalesce(fill.factor, 100) / 100.0)
                * current_setting('block_size')::int
            )::float8
    END AS needed_bytes,
    widths.is_readable
FROM widths
JOIN pg_catalog.pg_class AS relation ON relation.oid = widths.oid
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = relation.relnamespace
LEFT JOIN LATERAL (
    SELECT max(option_value)::int AS factor
    FROM pg_catalog.pg_options_to_table(relation.reloptions)
    WHERE option_name = 'fillfactor'
) AS fill ON true
WHERE relation.relpersistence <> 't'
ORDER BY size_bytes DESC, 1, 2
