-- The indexes of users' tables but those of partitions, which come and go with their parents', whose sizes and scans are
-- the sums of theirs. Sizes are those of the last VACUUM or ANALYZE: to ask for the true ones takes a lock on each table.
WITH RECURSIVE parts AS (
    SELECT oid AS root, oid AS part FROM pg_catalog.pg_class WHERE relkind = 'I' AND NOT relispartition
    UNION ALL
    SELECT parts.root, inherits.inhrelid
    FROM parts
    JOIN pg_catalog.pg_inherits AS inherits ON inherits.inhparent = parts.part
),
sums AS (
    SELECT
        parts.root,
        sum(part.relpages)::bigint AS pages,
        sum(pg_catalog.pg_stat_get_numscans(part.oid))::bigint AS scans
    FROM parts
    JOIN pg_catalog.pg_class AS part ON part.oid = parts.part
    GROUP BY parts.root
),
-- Who makes an index concurrently holds this lock on its table, who makes it again or drops it so on the index too.
-- Everybody may see locks and who builds; what is built, only those who may see all.
held AS MATERIALIZED (
    SELECT lock.relation
    FROM pg_catalog.pg_locks AS lock
    WHERE
        lock.locktype = 'relation'
        AND lock.granted
        AND lock.mode = 'ShareUpdateExclusiveLock'
        AND lock.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
        AND (
            lock.pid IN (SELECT pid FROM pg_catalog.pg_stat_progress_create_index)
            OR EXISTS (SELECT FROM pg_catalog.pg_index AS locked WHERE locked.indexrelid = lock.relation)
        )
),
busy AS (
    SELECT relation FROM held
    UNION
    SELECT ancestor.relid FROM held CROSS JOIN LATERAL pg_catalog.pg_partition_ancestors(held.relation) AS ancestor
)
SELECT
    namespace.nspname AS schema,
    index_relation.relname AS name,
    relation.relname AS table_name,
    /* part_is_child */ AS is_child,
    /* part_expressions */ AS expressions,
    written.definition,
    index.indisvalid AS is_valid,
    index.indisunique AS is_unique,
    /* part_is_held */ AS is_held,
    index_relation.relkind = 'I' AS is_partitioned,
    coalesce(key.conname, '') AS constraint,
    coalesce(sums.pages, index_relation.relpages) * current_setting('block_size')::bigint AS size_bytes,
    coalesce(sums.scans, pg_catalog.pg_stat_get_numscans(index.indexrelid)) AS scans,
    index.indexrelid IN (SELECT relation FROM busy) OR index.indrelid IN (SELECT relation FROM busy) AS is_being_changed
FROM pg_catalog.pg_index AS index
JOIN pg_catalog.pg_class AS relation ON relation.oid = index.indrelid
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = relation.relnamespace
JOIN pg_catalog.pg_class AS index_relation ON index_relation.oid = index.indexrelid
LEFT JOIN sums ON sums.root = index.indexrelid
LEFT JOIN pg_catalog.pg_constraint AS key
    ON key.conindid = index.indexrelid AND key.contype IN ('p', 'u', 'x')
-- Null where it was dropped meanwhile; OFFSET keeps it from being asked for twice.
CROSS JOIN LATERAL (SELECT pg_catalog.pg_get_indexdef(index.indexrelid) AS definition OFFSET 0) AS written
WHERE
    (relation.relkind IN ('r', 'm', 'p') OR (relation.relkind = 't' AND NOT index.indisvalid))
    AND relation.relpersistence <> 't'
    AND NOT (index_relation.relispartition AND index.indisvalid)
    AND namespace.nspname NOT IN ('pg_catalog', 'information_schema')
    AND written.definition IS NOT NULL
ORDER BY 1, 3, 2
