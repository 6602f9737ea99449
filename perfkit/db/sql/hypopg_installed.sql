-- The schema of HypoPG's functions, and whether they can hide an index that exists (they can from 1.4 on).
SELECT
    namespace.nspname::text AS schema,
    EXISTS (
        SELECT FROM pg_catalog.pg_proc AS function
        WHERE function.pronamespace = extension.extnamespace AND function.proname = 'hypopg_hide_index'
    ) AS can_hide
FROM pg_catalog.pg_extension AS extension
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = extension.extnamespace
WHERE extension.extname = 'hypopg'
