-- Sequences, how far each is, and the narrowest integer column that takes its values.
-- pg_sequence_last_value is asked only where the role may see it: else it would fail.
WITH takers AS (
    -- A sequence that a column owns, be it serial or an identity.
    SELECT objid AS sequence, refobjid AS relation, refobjsubid AS number
    FROM pg_catalog.pg_depend
    WHERE classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass AND deptype IN ('a', 'i') AND refobjsubid > 0
    UNION
    -- A default that draws from it.
    SELECT dependency.refobjid, column_default.adrelid, column_default.adnum
    FROM pg_catalog.pg_depend AS dependency
    JOIN pg_catalog.pg_attrdef AS column_default ON column_default.oid = dependency.objid
    WHERE dependency.classid = 'pg_attrdef'::regclass AND dependency.refclassid = 'pg_class'::regclass
),
narrowest AS (
    SELECT DISTINCT ON (takers.sequence)
        takers.sequence,
        format('%I.%I', namespace.nspname, relation.relname) AS table_name,
        attribute.attname::text AS column_name,
        attribute.atttypid::regtype::text AS type,
        holds.highest
    FROM takers
    JOIN pg_catalog.pg_class AS relation ON relation.oid = takers.relation AND relation.relkind IN ('r', 'p')
    JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = relation.relnamespace
    JOIN pg_catalog.pg_attribute AS attribute
        ON attribute.attrelid = takers.relation AND attribute.attnum = takers.number AND NOT attribute.attisdropped
    JOIN pg_catalog.pg_type AS type ON type.oid = attribute.atttypid
    CROSS JOIN LATERAL (
        SELECT
            CASE coalesce(nullif(type.typbasetype, 0), type.oid)
                WHEN 'smallint'::regtype THEN 32767
                WHEN 'integer'::regtype THEN 2147483647
                WHEN 'bigint'::regtype THEN 9223372036854775807
            END AS highest
    ) AS holds
    ORDER BY takers.sequence, holds.highest NULLS LAST, 2, 3
)
SELECT
    namespace.nspname AS schema,
    relation.relname AS name,
    sequence.seqtypid::regtype::text AS type,
    sequence.seqincrement AS increment,
    sequence.seqmin AS lowest,
    sequence.seqmax AS highest,
    sequence.seqcycle AS cycles,
    readable.is_readable,
    CASE WHEN readable.is_readable THEN pg_catalog.pg_sequence_last_value(relation.oid) END AS last_value,
    taker.table_name,
    taker.column_name,
    taker.type AS column_type,
    taker.highest AS column_highest
FROM pg_catalog.pg_sequence AS sequence
JOIN pg_catalog.pg_class AS relation ON relation.oid = sequence.seqrelid
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = relation.relnamespace
CROSS JOIN LATERAL (
    SELECT has_sequence_privilege(relation.oid, 'SELECT, USAGE') AS is_readable
) AS readable
LEFT JOIN narrowest AS taker ON taker.sequence = relation.oid
WHERE
    relation.relpersistence <> 't'
    -- A standby has nothing of an unlogged one.
    AND NOT (relation.relpersistence = 'u' AND pg_catalog.pg_is_in_recovery())
ORDER BY 1, 2
