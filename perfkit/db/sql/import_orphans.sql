-- Scratch schemas that this role may drop and whose run has ended: a run's guardian holds its lock as long as there is one.
SELECT namespace.nspname::text
FROM pg_catalog.pg_namespace AS namespace
WHERE
    namespace.nspname ~ '^perfkit_import_[0-9a-f]{8}$'
    AND pg_catalog.pg_has_role(namespace.nspowner, 'USAGE')
    AND NOT EXISTS (
        SELECT
        FROM pg_catalog.pg_locks AS held
        WHERE
            held.locktype = 'advisory'
            AND held.classid = $1::int4::oid
            AND held.objsubid = 2
            AND lpad(to_hex(held.objid::bigint), 8, '0') = substr(namespace.nspname, 16, 8)
    )
ORDER BY namespace.nspname
