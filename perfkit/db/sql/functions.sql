-- The called functions that users made, and those that they name in their bodies, with the md5 of all that defines them.
WITH called AS (
    SELECT function.oid, function.prosrc
    FROM unnest($1::text[], $2::text[]) AS written (schema, name)
    JOIN pg_catalog.pg_proc AS function ON function.proname = written.name
    JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = function.pronamespace
    WHERE
        function.prokind = 'f'
        AND namespace.nspname NOT IN ('pg_catalog', 'information_schema')
        AND (
            namespace.nspname = written.schema
            OR written.schema IS NULL AND pg_catalog.pg_function_is_visible(function.oid)
        )
),
read AS (
    SELECT oid FROM called
    UNION
    SELECT function.oid
    FROM called
    JOIN pg_catalog.pg_proc AS function ON position(function.proname || '(' IN called.prosrc) > 0
    WHERE
        function.prokind = 'f'
        AND function.pronamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
)
SELECT oid::regprocedure::text, md5(pg_catalog.pg_get_functiondef(oid))
FROM read
ORDER BY 1
