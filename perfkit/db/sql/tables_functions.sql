-- Functions and operators that give one value, with the types that they take and give.
SELECT
    false AS is_operator,
    namespace.nspname AS schema,
    function.proname AS name,
    ARRAY(
        SELECT type.typname::text
        FROM unnest(function.proargtypes::oid[]) WITH ORDINALITY AS argument (type, place)
        JOIN pg_catalog.pg_type AS type ON type.oid = argument.type
        ORDER BY argument.place
    ) AS arguments,
    result.typname AS result,
    function.provolatile::text AS volatility
FROM pg_catalog.pg_proc AS function
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = function.pronamespace
JOIN pg_catalog.pg_type AS result ON result.oid = function.prorettype
WHERE function.prokind = 'f' AND NOT function.proretset AND function.pronargs > 0
UNION ALL
SELECT
    true,
    namespace.nspname,
    operator.oprname,
    ARRAY(
        SELECT type.typname::text
        FROM unnest(ARRAY[operator.oprleft, operator.oprright]) WITH ORDINALITY AS argument (type, place)
        JOIN pg_catalog.pg_type AS type ON type.oid = argument.type
        ORDER BY argument.place
    ),
    result.typname,
    function.provolatile::text
FROM pg_catalog.pg_operator AS operator
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = operator.oprnamespace
JOIN pg_catalog.pg_type AS result ON result.oid = operator.oprresult
JOIN pg_catalog.pg_proc AS function ON function.oid = operator.oprcode
