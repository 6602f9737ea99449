-- What extended statistics hold of expressions; only the owner of a table is shown them. With $1, values do not leave
-- the server.
SELECT
    known.statistics_schemaname::text AS schema,
    known.statistics_name::text AS name,
    coalesce((to_jsonb(known) ->> 'inherited')::boolean, false) AS inherited,
    known.expr AS expression,
    known.null_frac::float8 AS null_fraction,
    known.avg_width AS width,
    known.n_distinct::float8 AS distinct,
    CASE WHEN NOT $1 THEN known.most_common_vals::text END AS common_values,
    CASE WHEN NOT $1 THEN known.most_common_freqs::text END AS common_frequencies,
    CASE WHEN NOT $1 THEN known.histogram_bounds::text END AS histogram,
    known.correlation::float8 AS correlation
FROM pg_catalog.pg_stats_ext_exprs AS known
ORDER BY 1, 2, 3, 4
