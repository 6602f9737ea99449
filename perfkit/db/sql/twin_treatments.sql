-- What may be told of the values of each column, and of each key of an index, where text must not leave the server, by
-- what its type is made of. What holds no text is 'open'; of the rest there are 'text', 'elements' (arrays of text) and
-- 'lexemes' (documents for text search). What is not among the rows may hold anything, and none of it may be told.
WITH RECURSIVE made_of (type, part, within) AS (
    -- From a domain to its base, from an array to its elements, from a range to its bounds.
    SELECT oid, oid, ''
    FROM pg_catalog.pg_type
    UNION ALL
    SELECT made_of.type, next.part, made_of.within || next.within
    FROM made_of
    JOIN pg_catalog.pg_type AS type ON type.oid = made_of.part
    LEFT JOIN pg_catalog.pg_range AS range ON type.oid IN (range.rngtypid, range.rngmultitypid)
    CROSS JOIN LATERAL (
        VALUES
        (type.typtype = 'd', type.typbasetype, ''),
        (type.typtype = 'b' AND type.typcategory = 'A', type.typelem, 'array'),
        (range.rngsubtype IS NOT NULL, range.rngsubtype, 'range')
    ) AS next (is_so, part, within)
    WHERE next.is_so
),
known (type, treatment) AS (
    SELECT
        made_of.type,
        CASE
            -- Booleans, dates, enums, geometry, networks, numbers, intervals, bits.
            WHEN
                part.typcategory IN ('B', 'D', 'E', 'G', 'I', 'N', 'T', 'V')
                OR part.oid IN (
                    'uuid'::regtype, 'macaddr'::regtype, 'macaddr8'::regtype, 'pg_lsn'::regtype, 'xid8'::regtype
                )
                THEN 'open'
            WHEN part.typcategory = 'S' AND made_of.within = '' THEN 'text'
            WHEN part.typcategory = 'S' AND made_of.within = 'array' THEN 'elements'
            WHEN part.oid = 'tsvector'::regtype AND made_of.within = '' THEN 'lexemes'
        END
    FROM made_of
    JOIN pg_catalog.pg_type AS part ON part.oid = made_of.part
    WHERE part.typtype IN ('b', 'e')
)
SELECT attribute.attrelid::bigint AS relation, attribute.attnum AS number, known.treatment
FROM pg_catalog.pg_attribute AS attribute
JOIN pg_catalog.pg_class AS relation ON relation.oid = attribute.attrelid
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = relation.relnamespace
JOIN pg_catalog.pg_type AS stored ON stored.oid = attribute.atttypid
LEFT JOIN pg_catalog.pg_index AS index
    ON index.indexrelid = attribute.attrelid AND attribute.attnum <= index.indnkeyatts
LEFT JOIN pg_catalog.pg_opclass AS class ON class.oid = index.indclass[attribute.attnum - 1]
LEFT JOIN pg_catalog.pg_type AS taken ON taken.oid = class.opcintype
JOIN known
    ON
        known.type = CASE
            WHEN class.oid IS NULL THEN stored.oid
            -- An index may store another type than that of its key, whose values ANALYZE keeps: gin_trgm_ops numbers.
            WHEN taken.typtype <> 'p' THEN taken.oid
            WHEN taken.typname = 'anyarray' AND class.opckeytype = 'anyelement'::regtype THEN stored.typarray
            WHEN
                (taken.typname, stored.typcategory)
                IN (('anyarray', 'A'), ('anyenum', 'E'), ('anyrange', 'R'), ('anymultirange', 'R'))
                THEN stored.oid
        END
WHERE
    known.treatment IS NOT NULL
    AND attribute.attnum > 0
    AND NOT attribute.attisdropped
    AND namespace.nspname !~ '^pg_'
    AND namespace.nspname <> 'information_schema'
