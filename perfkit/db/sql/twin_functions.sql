-- What puts planner statistics in place on the twin, as its superuser, the same way on every version.
CREATE SCHEMA perfkit_twin;

-- A type, or what a domain is of in the end: what stands for a value need not be one that the domain allows.
CREATE FUNCTION perfkit_twin.base(type oid) RETURNS oid LANGUAGE sql STABLE AS $$
    WITH RECURSIVE base (oid) AS (
        SELECT base.type
        UNION ALL
        SELECT pg_type.typbasetype FROM pg_type JOIN base ON pg_type.oid = base.oid WHERE pg_type.typtype = 'd'
    )
    SELECT pg_type.oid FROM pg_type JOIN base ON pg_type.oid = base.oid WHERE pg_type.typtype <> 'd'
$$;

-- The type of an index's key, whose values ANALYZE keeps; the index may store another, as hash stores numbers.
CREATE FUNCTION perfkit_twin.key_type(index oid, key int) RETURNS oid LANGUAGE plpgsql STABLE AS $$
DECLARE
    type oid;
BEGIN
    EXECUTE format(
        'SELECT pg_typeof((SELECT %s FROM ONLY %s WHERE false))',
        pg_get_indexdef(index, key, false), (SELECT indrelid::regclass FROM pg_index WHERE indexrelid = index)
    ) INTO type;
    RETURN type;
END
$$;

-- The equality and the less-than operator that ANALYZE would note for a type that is no domain.
CREATE FUNCTION perfkit_twin.operators(type oid, OUT equal oid, OUT less oid) LANGUAGE sql STABLE AS $$
    WITH plain AS (
        SELECT * FROM pg_type WHERE oid = operators.type
    ),
    taken (oid, rank) AS (
        SELECT plain.oid, 0 FROM plain
        UNION ALL
        SELECT
            CASE
                WHEN typtype = 'e' THEN 'anyenum'::regtype
                WHEN typtype = 'r' THEN 'anyrange'::regtype
                WHEN typtype = 'm' THEN 'anymultirange'::regtype
                WHEN typtype = 'c' THEN 'record'::regtype
                WHEN typcategory = 'A' THEN 'anyarray'::regtype
            END,
            1
        FROM plain
        UNION ALL
        -- As varchar is taken as text and not as char.
        SELECT cast_to.casttarget, CASE WHEN target.typispreferred THEN 2 ELSE 3 END
        FROM plain
        JOIN pg_cast AS cast_to ON cast_to.castsource = plain.oid
        JOIN pg_type AS target ON target.oid = cast_to.casttarget
        WHERE cast_to.castmethod = 'b' AND cast_to.castcontext = 'i'
    ),
    classes AS (
        SELECT opclass.opcfamily AS family, opclass.opcintype AS input, method.amname AS method, taken.rank
        FROM taken
        JOIN pg_opclass AS opclass ON opclass.opcintype = taken.oid AND opclass.opcdefault
        JOIN pg_am AS method ON method.oid = opclass.opcmethod AND method.amname IN ('btree', 'hash')
    ),
    members AS (
        SELECT classes.method, classes.rank, member.amopstrategy AS strategy, member.amopopr AS operator
        FROM classes
        JOIN pg_amop AS member
            ON member.amopfamily = classes.family
            AND member.amoplefttype = classes.input AND member.amoprighttype = classes.input
    )
    SELECT
        (
            SELECT operator FROM members
            WHERE strategy = CASE method WHEN 'btree' THEN 3 ELSE 1 END ORDER BY rank, method LIMIT 1
        ),
        (SELECT operator FROM members WHERE method = 'btree' AND strategy = 1 ORDER BY rank LIMIT 1)
$$;

-- A row of pg_statistic from one of pg_stats (as JSON), for a column of this relation, type, collation and element type,
-- neither of them a domain.
-- Kinds are those of pg_statistic.h; 672 is the operator that ANALYZE notes for the lengths of ranges.
CREATE FUNCTION perfkit_twin.statistic(
    relation oid, attribute int2, type oid, sorted_by oid, element oid, known jsonb
) RETURNS pg_statistic LANGUAGE sql STABLE AS $$
    WITH slots AS (
        SELECT
            array_agg(kind) AS kinds, array_agg(coalesce(operator, 0)) AS operators,
            array_agg(coalesce(sorted, 0)) AS collations, array_agg(numbers::float4[]::text) AS numbers,
            array_agg(texts) AS texts, array_agg(coalesce(of_type, 0)) AS types
        FROM (
            SELECT slot.*
            FROM perfkit_twin.operators(statistic.type) AS own,
                perfkit_twin.operators(statistic.element) AS inner_own,
                LATERAL (
                    VALUES
                    (1, own.equal, sorted_by, known ->> 'common_frequencies', known ->> 'common_values', type),
                    (2, own.less, sorted_by, NULL, known ->> 'histogram', type),
                    (3, own.less, sorted_by, '{' || (known ->> 'correlation') || '}', NULL, 0),
                    (
                        4, inner_own.equal, sorted_by, known ->> 'element_frequencies', known ->> 'common_elements',
                        element
                    ),
                    (5, inner_own.equal, sorted_by, known ->> 'element_counts', NULL, 0),
                    (
                        6, 672, 0, '{' || (known ->> 'range_empty_fraction') || '}', known ->> 'range_lengths',
                        'float8'::regtype
                    ),
                    (7, 0, 0, NULL, known ->> 'range_bounds', type)
                ) AS slot (kind, operator, sorted, numbers, texts, of_type)
            WHERE slot.numbers IS NOT NULL OR slot.texts IS NOT NULL
            ORDER BY slot.kind
            LIMIT 5
        ) AS filled
    )
    SELECT
        ROW(
            relation, attribute, coalesce((known ->> 'inherited')::boolean, false),
            (known ->> 'null_fraction')::float4, (known ->> 'width')::int, (known ->> 'distinct')::float4,
            coalesce(slots.kinds[1], 0)::int2,
            coalesce(slots.kinds[2], 0)::int2,
            coalesce(slots.kinds[3], 0)::int2,
            coalesce(slots.kinds[4], 0)::int2,
            coalesce(slots.kinds[5], 0)::int2,
            coalesce(slots.operators[1], 0)::oid,
            coalesce(slots.operators[2], 0)::oid,
            coalesce(slots.operators[3], 0)::oid,
            coalesce(slots.operators[4], 0)::oid,
            coalesce(slots.operators[5], 0)::oid,
            coalesce(slots.collations[1], 0)::oid,
            coalesce(slots.collations[2], 0)::oid,
            coalesce(slots.collations[3], 0)::oid,
            coalesce(slots.collations[4], 0)::oid,
            coalesce(slots.collations[5], 0)::oid,
            slots.numbers[1]::float4[],
            slots.numbers[2]::float4[],
            slots.numbers[3]::float4[],
            slots.numbers[4]::float4[],
            slots.numbers[5]::float4[],
            array_in(textout(slots.texts[1]), slots.types[1], -1),
            array_in(textout(slots.texts[2]), slots.types[2], -1),
            array_in(textout(slots.texts[3]), slots.types[3], -1),
            array_in(textout(slots.texts[4]), slots.types[4], -1),
            array_in(textout(slots.texts[5]), slots.types[5], -1)
        )::pg_statistic
    FROM slots
$$;

-- Puts one row of pg_stats (as JSON) in place; returns what is wrong with it, or ''. What the server says is left out, as it
-- may quote a value.
CREATE FUNCTION perfkit_twin.put_column(known jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    place record;
BEGIN
    SELECT
        attribute.attrelid, attribute.attnum, type.oid AS of_type,
        CASE WHEN type.typname = 'tsvector' THEN 'pg_catalog."default"'::regcollation::oid
            ELSE attribute.attcollation END AS sorted_by,
        CASE WHEN type.typname = 'tsvector' THEN 'text'::regtype::oid ELSE perfkit_twin.base(type.typelem) END AS element
    INTO place
    FROM pg_attribute AS attribute
    JOIN pg_class AS relation ON relation.oid = attribute.attrelid
    JOIN pg_namespace AS namespace ON namespace.oid = relation.relnamespace
    LEFT JOIN pg_index AS index ON index.indexrelid = relation.oid
    LEFT JOIN pg_opclass AS class ON class.oid = index.indclass[attribute.attnum - 1]
    JOIN pg_type AS type
        ON
            type.oid = perfkit_twin.base(
                CASE WHEN attribute.atttypid <> class.opcintype
                    THEN perfkit_twin.key_type(relation.oid, attribute.attnum)
                    ELSE attribute.atttypid END
            )
    WHERE
        namespace.nspname = known ->> 'schema' AND relation.relname = known ->> 'table'
        AND attribute.attname = known ->> 'column';
    IF NOT FOUND THEN
        RETURN format('%s.%s has no column %s', known ->> 'schema', known ->> 'table', known ->> 'column');
    END IF;
    -- Called in FROM: as (statistic(…)).* it would be called once for each of its columns.
    INSERT INTO pg_statistic
    SELECT made.*
    FROM perfkit_twin.statistic(
        place.attrelid, place.attnum, place.of_type, place.sorted_by, place.element, known
    ) AS made;
    RETURN '';
EXCEPTION WHEN OTHERS THEN
    RETURN format(
        'statistics of %s.%s.%s: refused (SQLSTATE %s)', known ->> 'schema', known ->> 'table', known ->> 'column', SQLSTATE
    );
END
$$;

-- Sizes as production's planner knows them.
CREATE FUNCTION perfkit_twin.put_sizes(known jsonb) RETURNS void LANGUAGE sql AS $$
    UPDATE pg_class
    SET relpages = given.pages, reltuples = given.rows, relallvisible = given.visible_pages
    FROM jsonb_to_recordset(known) AS given (schema text, name text, pages int, rows float4, visible_pages int)
    JOIN pg_namespace ON pg_namespace.nspname = given.schema
    WHERE pg_class.relnamespace = pg_namespace.oid AND pg_class.relname = given.name
$$;

-- Which rows of which b-tree are the lowest and the highest value of an index.
CREATE TABLE perfkit_twin.ends (index oid, tree oid, lowest text, highest text);

-- Makes one small b-tree of the ends of many indexes that have the same columns, keys and included ones. Returns what is
-- wrong, if anything: then each half is tried by itself, down to the index that is to blame.
CREATE FUNCTION perfkit_twin.put_alike(
    columns text, first_type text, keys text, included text, indexes oid[], lowest text[], highest text[]
) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    name text := 'of_' || indexes[1];
    half int := cardinality(indexes) / 2;
BEGIN
    EXECUTE format('CREATE TABLE perfkit_twin.%I (index oid, is_highest boolean, %s)', name, columns);
    EXECUTE format(
        'INSERT INTO perfkit_twin.%I (index, is_highest, c1)
        SELECT index, is_highest, (CASE WHEN is_highest THEN highest ELSE lowest END)::%s
        FROM unnest($1, $2, $3) AS known (index, lowest, highest), (VALUES (false), (true)) AS which (is_highest)',
        name, first_type
    ) USING indexes, lowest, highest;
    -- Each row has an item of its own.
    EXECUTE format(
        'CREATE INDEX %I ON perfkit_twin.%I (%s)%s WITH (deduplicate_items = off)',
        name || '_ends', name, keys, ' INCLUDE (' || included || ')'
    );
    EXECUTE format(
        'INSERT INTO perfkit_twin.ends
        SELECT index, %L::regclass, min(ctid::text) FILTER (WHERE NOT is_highest), min(ctid::text) FILTER (WHERE is_highest)
        FROM perfkit_twin.%I GROUP BY index',
        'perfkit_twin.' || name || '_ends', name
    );
EXCEPTION WHEN OTHERS THEN
    IF half = 0 THEN
        RETURN NEXT format('ends of index %s: refused (SQLSTATE %s)', indexes[1]::regclass, SQLSTATE);
        RETURN;
    END IF;
    RETURN QUERY SELECT perfkit_twin.put_alike(
        columns, first_type, keys, included, indexes[:half], lowest[:half], highest[:half]
    );
    RETURN QUERY SELECT perfkit_twin.put_alike(
        columns, first_type, keys, included, indexes[half + 1:], lowest[half + 1:], highest[half + 1:]
    );
END
$$;

-- The lowest and highest values of the first keys of b-trees, as items of such; returns what is wrong with any.
CREATE FUNCTION perfkit_twin.put_ends(known jsonb) RETURNS SETOF text LANGUAGE sql AS $$
    WITH given AS (
        SELECT pg_class.oid, given.lowest, given.highest, kind.*
        FROM jsonb_to_recordset(known) AS given (schema text, name text, lowest text, highest text)
        JOIN pg_namespace ON pg_namespace.nspname = given.schema
        JOIN pg_class ON pg_class.relnamespace = pg_namespace.oid AND pg_class.relname = given.name
        JOIN LATERAL (
            SELECT
                string_agg(format('c%s %s', attribute.attnum, typed.name), ', ' ORDER BY attribute.attnum) AS columns,
                min(typed.name) FILTER (WHERE attribute.attnum = 1) AS first_type,
                string_agg(
                    format(
                        'c%s%s %s %s %s', attribute.attnum,
                        CASE WHEN attribute.attcollation <> 0
                            THEN ' COLLATE ' || attribute.attcollation::regcollation END,
                        (SELECT format('%I.%I', nspname, opcname) FROM pg_opclass
                        JOIN pg_namespace ON pg_namespace.oid = opcnamespace
                        WHERE pg_opclass.oid = index.indclass[attribute.attnum - 1]),
                        CASE WHEN index.indoption[attribute.attnum - 1] & 1 = 1 THEN 'DESC' ELSE 'ASC' END,
                        CASE WHEN index.indoption[attribute.attnum - 1] & 2 = 2 THEN 'NULLS FIRST' ELSE 'NULLS LAST' END
                    ),
                    ', ' ORDER BY attribute.attnum
                ) FILTER (WHERE attribute.attnum <= index.indnkeyatts) AS keys,
                string_agg('c' || attribute.attnum, ', ' ORDER BY attribute.attnum)
                FILTER (WHERE attribute.attnum > index.indnkeyatts) AS included
            FROM pg_index AS index
            JOIN pg_attribute AS attribute ON attribute.attrelid = index.indexrelid
            -- An index on names stores them as cstring, which no table can have.
            CROSS JOIN LATERAL (
                SELECT CASE WHEN attribute.atttypid = 'cstring'::regtype THEN 'name'
                    ELSE format_type(attribute.atttypid, attribute.atttypmod) END
            ) AS typed (name)
            WHERE index.indexrelid = pg_class.oid
        ) AS kind ON true
    ),
    alike AS (
        SELECT
            columns, first_type, keys, included,
            array_agg(oid) AS indexes, array_agg(lowest) AS lowest, array_agg(highest) AS highest
        FROM given
        GROUP BY columns, first_type, keys, included
    )
    SELECT perfkit_twin.put_alike(columns, first_type, keys, included, indexes, lowest, highest) FROM alike
$$;
