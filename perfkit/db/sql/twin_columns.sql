-- What ANALYZE found out about columns, as far as this role may know it. With $1, values of columns whose name
-- (schema.table.column) is not like any of $2 leave the server as far as twin_treatments.sql lets them: $8 by relation $6
-- and number $7. Each text is replaced by its rank among the column's known values, in digits that sort alike everywhere,
-- filled up to its own length. Of arrays of text, where order says little, only elements are kept, by rank. The texts $3
-- are known elsewhere and stand for themselves. A rank follows the last of these, and of the bounds $4, that its value does
-- not sort before, so that it sorts as the value does and has its prefix, and ends with what the value has of the fragments
-- $5, so that patterns find these.
WITH bounds (sorted) AS MATERIALIZED (
    SELECT ARRAY(SELECT DISTINCT unnest($3::text[] || $4::text[]) AS bound ORDER BY bound)
),
lexemes (words) AS MATERIALIZED (
    SELECT coalesce(array_agg(DISTINCT lexeme), '{}')
    FROM pg_catalog.pg_ts_config AS config,
        unnest($3::text[]) AS text (value),
        unnest(pg_catalog.tsvector_to_array(pg_catalog.to_tsvector(config.oid::regconfig, text.value))) AS lexeme
    WHERE $1 AND config.cfgnamespace = 'pg_catalog'::regnamespace
        AND EXISTS (SELECT FROM pg_catalog.pg_stats WHERE most_common_elems IS NOT NULL)
),
known AS (
    SELECT
        stats.*,
        CASE
            WHEN NOT $1 OR stats.schemaname || '.' || stats.tablename || '.' || stats.attname LIKE ANY ($2) THEN 'open'
            ELSE coalesce(treated.treatment, 'closed')
        END AS treatment
    FROM pg_catalog.pg_stats AS stats
    JOIN pg_catalog.pg_namespace AS namespace ON namespace.nspname = stats.schemaname
    JOIN pg_catalog.pg_class AS relation
        ON relation.relnamespace = namespace.oid AND relation.relname = stats.tablename
    JOIN pg_catalog.pg_attribute AS attribute
        ON attribute.attrelid = relation.oid AND attribute.attname = stats.attname
    LEFT JOIN unnest($6::oid[], $7::int2[], $8::text[]) AS treated (relation, number, treatment)
        ON treated.relation = attribute.attrelid AND treated.number = attribute.attnum
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
    CASE WHEN known.treatment IN ('open', 'text') THEN known.most_common_freqs::text END AS common_frequencies,
    CASE known.treatment
        WHEN 'open' THEN known.histogram_bounds::text
        WHEN 'text' THEN (
            SELECT array_agg(ranked.codes ->> value ORDER BY place)::text
            FROM unnest(known.histogram_bounds::text::text[]) WITH ORDINALITY AS each (value, place)
        )
    END AS histogram,
    known.correlation::float8 AS correlation,
    CASE known.treatment
        WHEN 'open' THEN known.most_common_elems::text
        WHEN 'elements' THEN (
            SELECT array_agg(ranked.codes ->> value ORDER BY place)::text
            FROM unnest(known.most_common_elems::text::text[]) WITH ORDINALITY AS each (value, place)
        )
        WHEN 'lexemes' THEN told.elements::text
    END AS common_elements,
    CASE
        WHEN known.treatment IN ('open', 'elements') THEN known.most_common_elem_freqs::text
        WHEN known.treatment = 'lexemes' THEN told.frequencies::text
    END AS element_frequencies,
    known.elem_count_histogram::text AS element_counts,
    -- Columns from 17 on.
    (
        SELECT array_agg(value)::text
        FROM jsonb_array_elements_text(nullif(to_jsonb(known) -> 'range_length_histogram', 'null')) AS value
    ) AS range_lengths,
    (to_jsonb(known) ->> 'range_empty_frac')::float8 AS range_empty_fraction,
    CASE WHEN known.treatment = 'open' THEN (
        SELECT array_agg(value)::text
        FROM jsonb_array_elements_text(nullif(to_jsonb(known) -> 'range_bounds_histogram', 'null')) AS value
    ) END AS range_bounds,
    known.treatment <> 'open' AS is_redacted
FROM known
CROSS JOIN bounds
CROSS JOIN lexemes
LEFT JOIN LATERAL (
    -- Values of char(n) end with blanks that no constant has.
    SELECT jsonb_object_agg(value, CASE WHEN rtrim(value) = ANY ($3) THEN value ELSE
        rpad(code, greatest(length(value) - length(fragments), length(code)), 'x') || fragments
    END) AS codes
    FROM (
        SELECT
            value,
            -- A space sorts before what may follow the bound in the next one.
            coalesce(bounds.sorted[width_bucket(value, bounds.sorted)], '') || ' '
                || lpad((row_number() OVER (ORDER BY value))::text, length((count(*) OVER ())::text), '0') AS code,
            (
                SELECT coalesce(string_agg(substr(value, place, length(fragment)), '' ORDER BY place), '')
                FROM unnest($5::text[]) AS fragment, strpos(lower(value), lower(fragment)) AS place
                WHERE place > 0
            ) AS fragments
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
) AS ranked ON known.treatment IN ('text', 'elements')
-- Lexemes are sorted by their length first, so that no rank fits between two: those that are not known are left out, as
-- none of them is ever searched for. One stays, so that there is a list: the last, and longest.
LEFT JOIN LATERAL (
    SELECT
        array_agg(
            CASE WHEN value = ANY (lexemes.words) THEN value ELSE rpad('', length(value), '~') END ORDER BY place
        ) FILTER (WHERE value IS NOT NULL) AS elements,
        array_agg(frequency ORDER BY place) AS frequencies
    FROM unnest(known.most_common_elems::text::text[], known.most_common_elem_freqs)
        WITH ORDINALITY AS each (value, frequency, place)
    WHERE
        -- After those of elements come the lowest and the highest frequency.
        value IS NULL OR value = ANY (lexemes.words)
        OR place = cardinality(known.most_common_elems::text::text[])
) AS told ON known.treatment = 'lexemes' AND known.most_common_elems IS NOT NULL
ORDER BY 1, 2, 3, 4
