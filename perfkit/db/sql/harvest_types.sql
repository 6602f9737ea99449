-- The parameters of the statement that was prepared, in order: what each type is called, and what it is made of.
SELECT
    pg_catalog.format_type(type.oid, NULL) AS name,
    base.typname AS base,
    base.typcategory::text AS category,
    coalesce(
        (
            SELECT label.enumlabel::text
            FROM pg_catalog.pg_enum AS label
            WHERE label.enumtypid = base.oid
            ORDER BY label.enumsortorder
            LIMIT 1
        ),
        ''
    ) AS label
FROM pg_catalog.pg_prepared_statements AS prepared
CROSS JOIN LATERAL unnest(prepared.parameter_types::oid[]) WITH ORDINALITY AS parameter (type, place)
JOIN pg_catalog.pg_type AS type ON type.oid = parameter.type
JOIN pg_catalog.pg_type AS base ON base.oid = coalesce(nullif(type.typbasetype, 0), type.oid)
WHERE prepared.name = 'perfkit_harvest'
ORDER BY parameter.place
