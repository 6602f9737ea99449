-- The indexes that this session's transaction has locked.
SELECT held.relation
FROM pg_catalog.pg_locks AS held
JOIN pg_catalog.pg_class AS relation ON relation.oid = held.relation
WHERE held.pid = pg_backend_pid() AND held.locktype = 'relation' AND relation.relkind = 'i'
