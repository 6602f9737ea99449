-- What ANALYZE found out about columns, as far as this role may know it. With $1, values of text columns whose name
-- (schema.table.column) is not like any of $2 do not leave the server: each is replaced by its rank among the column's
-- known values, in letters that sort alike everywhere, filled up to its own length. Of documents and arrays of text,
-- where order says little, only elements are kept, by rank.
WITH known AS (
    SELECT
        stats.*,
        CASE
            WHEN NOT $1 OR stats.schemaname || '.' || stats.tablename || '.' || stats.attname LIKE ANY ($2) THEN 'open'
            WHEN type.typcategory = 'S' THEN 'text'
            WHEN type.typcategory = 'A' AND element.typcategory = 'S' THEN 'elements'
            WHEN coalesce(base.typname, type.typname) IN ('json', 'jsonb', 'xml', 'hstore', 'tsvector') THEN 'elements'
            ELSE 'open'
        END AS treatment
    FROM pg_catalog.pg_stats AS stats
    JOIN pg_catalog.pg_namespace AS namespace ON namespace.nspname = stats.schemaname
    JOIN pg_catalog.pg_class AS relation
        ON relation.relnamespace = namespace.oid AND relation.relname = stats.tablename
    JOIN pg_catalog.pg_attribute AS attribute
        ON attribute.attrelid = relation.oid AND attribute.attname = stats.attname
    JOIN pg_catalog.pg_type AS type ON type.oid = attribute.atttypid
    LEFT JOIN pg_catalog.pg_type AS element ON element.oid = type.typelem
    LEFT JOIN pg_catalog.pg_type AS base ON base.oid = type.typbasetype
    WHERE stats.schemaname !~ '^pg_' AND stats.schemaname <> 'information_schema'
)
SELECT
    known.schemaname::text AS schema,
    known.tablename::text AS table,
    known.attname::text AS column,
    known.inherited,
    known.null_frac::float8 AS null_fraction,
    known.avg_width AS width,
    known.n_distinct::float8 AS distinct,
    CASE known.treatment
        WHEN 'open' THEN known.most_common_vals::text
        WHEN 'text' THEN (
            SELECT array_agg(ranked.codes ->> value ORDER BY place)::text
            FROM unnest(known.most_common_vals::text::text[]) WITH ORDINALITY AS each (value, place)
        )
    END AS common_values,
    CASE WHEN known.treatment <> 'elements' THEN known.most_common_freqs::text END AS common_frequencies,
    CASE known.treatment
        WHEN 'open' THEN known.histogram_bounds::text
        WHEN 'text' THEN (
            SELECT array_agg(ranked.codes ->> value ORDER BY place)::text
            FROM unnest(known.histogram_bounds::text::text[]) WITH ORDINALITY AS each (value, place)
        )
    END AS histogram,
    known.correlation::float8 AS correlation,
    CASE WHEN known.treatment = 'elements' THEN (
        SELECT array_agg(ranked.codes ->> value ORDER BY place)::text
        FROM unnest(known.most_common_elems::text::text[]) WITH ORDINALITY AS each (value, place)
    ) ELSE known.most_common_elems::text END AS common_elements,
    known.most_common_elem_freqs::text AS element_frequencies,
    known.elem_count_histogram::text AS element_counts,
    -- Columns from 17 on.
    (
        SELECT array_agg(value)::text
        FROM jsonb_array_elements_text(nullif(to_jsonb(known) -> 'range_length_histogram', 'null')) AS value
    ) AS range_lengths,
    (to_jsonb(known) ->> 'range_empty_frac')::float8 AS range_empty_fraction,
    (
        SELECT array_agg(value)::text
        FROM jsonb_array_elements_text(nullif(to_jsonb(known) -> 'range_bounds_histogram', 'null')) AS value
    ) AS range_bounds,
    known.treatment <> 'open' AS is_redacted
FROM known
LEFT JOIN LATERAL (
    SELECT jsonb_object_agg(
        value,
        rpad(
            translate(lpad(to_hex(rank), digits, '0'), '0123456789abcdef', 'abcdefghijklmnop'),
            greatest(length(value), digits), 'x'
        )
    ) AS codes
    FROM (
        SELECT
            value, row_number() OVER (ORDER BY value) AS rank,
            length(to_hex(count(*) OVER ())) AS digits
        FROM (
            SELECT DISTINCT unnest(
                CASE known.treatment
                    WHEN 'text' THEN
                        coalesce(known.most_common_vals::text::text[], '{}')
                        || coalesce(known.histogram_bounds::text::text[], '{}')
                    ELSE known.most_common_elems::text::text[]
                END
            )
        ) AS all_values (value)
    ) AS places
) AS ranked ON known.treatment <> 'open'
ORDER BY 1, 2, 3, 4
