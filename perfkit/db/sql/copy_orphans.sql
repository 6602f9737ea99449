-- Copies that this role may drop and whose run has ended: a run holds its lock from before the first copy until after
-- the last is gone. The databases are those of the statement's snapshot, the locks are read after it.
SELECT database.datname::text
FROM pg_catalog.pg_database AS database
WHERE
    database.datname ~ '^perfkit_copy_[0-9a-f]{8}_(base|head)$'
    AND pg_catalog.pg_has_role(database.datdba, 'USAGE')
    AND NOT EXISTS (
        SELECT
        FROM pg_catalog.pg_locks AS held
        WHERE
            held.locktype = 'advisory'
            AND held.classid = $1::int4::oid
            AND held.objsubid = 2
            AND lpad(to_hex(held.objid::bigint), 8, '0') = substr(database.datname, 14, 8)
    )
ORDER BY database.datname
