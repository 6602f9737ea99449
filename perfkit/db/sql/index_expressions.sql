-- Statistics of a table's expressions, from its expression indexes and its extended statistics, by the expression's text.
SELECT
    pg_catalog.pg_get_indexdef(index.indexrelid, attribute.attnum, true) AS text,
    known.null_frac AS null_share,
    known.avg_width AS width_bytes,
    known.n_distinct AS distinct,
    coalesce(known.most_common_vals::text::text[], '{}') AS common_values,
    coalesce(known.most_common_freqs, '{}') AS common_shares,
    coalesce(known.histogram_bounds::text::text[], '{}') AS bounds,
    coalesce(known.most_common_elems::text::text[], '{}') AS elements,
    coalesce(known.most_common_elem_freqs, '{}') AS element_shares,
    known.elem_count_histogram AS element_counts
FROM pg_catalog.pg_index AS index
JOIN pg_catalog.pg_class AS relation ON relation.oid = index.indexrelid
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = relation.relnamespace
JOIN pg_catalog.pg_attribute AS attribute ON attribute.attrelid = index.indexrelid
JOIN pg_catalog.pg_stats AS known
    ON
        known.schemaname = namespace.nspname
        AND known.tablename = relation.relname
        AND known.attname = attribute.attname
WHERE index.indrelid = $1::bigint::oid AND index.indexprs IS NOT NULL
UNION ALL
SELECT
    known.expr,
    known.null_frac,
    known.avg_width,
    known.n_distinct,
    coalesce(known.most_common_vals::text::text[], '{}'),
    coalesce(known.most_common_freqs, '{}'),
    coalesce(known.histogram_bounds::text::text[], '{}'),
    coalesce(known.most_common_elems::text::text[], '{}'),
    coalesce(known.most_common_elem_freqs, '{}'),
    known.elem_count_histogram
FROM pg_catalog.pg_class AS heap
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = heap.relnamespace
JOIN pg_catalog.pg_stats_ext_exprs AS known
    ON known.schemaname = namespace.nspname AND known.tablename = heap.relname
WHERE heap.oid = $1::bigint::oid
