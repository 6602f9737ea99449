-- Statistics of columns, by table (or index) and number; values as text. Without any, the column has no row.
SELECT
    wanted.relation,
    wanted.number,
    known.null_frac AS null_share,
    known.avg_width AS width_bytes,
    known.n_distinct AS distinct,
    coalesce(known.most_common_vals::text::text[], '{}') AS common_values,
    coalesce(known.most_common_freqs, '{}') AS common_shares,
    coalesce(known.histogram_bounds::text::text[], '{}') AS bounds,
    known.correlation,
    coalesce(known.most_common_elems::text::text[], '{}') AS elements,
    coalesce(known.most_common_elem_freqs, '{}') AS element_shares,
    known.elem_count_histogram AS element_counts
FROM unnest($1::bigint[], $2::int[]) AS wanted (relation, number)
JOIN pg_catalog.pg_class AS relation ON relation.oid = wanted.relation::oid
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = relation.relnamespace
JOIN pg_catalog.pg_attribute AS attribute
    ON attribute.attrelid = relation.oid AND attribute.attnum = wanted.number
JOIN pg_catalog.pg_stats AS known
    ON
        known.schemaname = namespace.nspname
        AND known.tablename = relation.relname
        AND known.attname = attribute.attname
ORDER BY known.inherited DESC
