-- The values that the statistics of a column hold, as text; those of a partitioned table as a whole come first.
SELECT
    coalesce(known.most_common_vals::text::text[], '{}') AS common,
    coalesce(known.histogram_bounds::text::text[], '{}') AS bounds
FROM pg_catalog.pg_stats AS known
WHERE known.schemaname = $1 AND known.tablename = $2 AND known.attname = $3
ORDER BY known.inherited DESC
LIMIT 1
