-- The indexes of some tables, or by their own oid, each with what an apply must know before it touches it.
SELECT
    namespace.nspname AS schema,
    relation.relname AS name,
    table_namespace.nspname AS table_schema,
    owner.relname AS table_name,
    pg_catalog.pg_get_indexdef(index.indexrelid) AS statement,
    index.indisvalid AS valid,
    relation.relkind = 'I' AS is_partitioned,
    index.indexprs IS NOT NULL AS has_expression,
    parent_namespace.nspname AS parent_schema,
    parent.relname AS parent_name,
    coalesce(tablespace.spcname::text, '') AS tablespace,
    -- What its definition does not hold, as the statements that give it back.
    array(
        SELECT format('COMMENT ON INDEX %I.%I IS %L', namespace.nspname, relation.relname, description)
        FROM pg_catalog.obj_description(index.indexrelid, 'pg_class') AS description
        WHERE description IS NOT NULL
        UNION ALL
        SELECT format('ALTER TABLE %I.%I CLUSTER ON %I', table_namespace.nspname, owner.relname, relation.relname)
        WHERE index.indisclustered
        UNION ALL
        SELECT format(
            'ALTER INDEX %I.%I ALTER COLUMN %s SET STATISTICS %s',
            namespace.nspname, relation.relname, attnum, attstattarget
        )
        FROM pg_catalog.pg_attribute
        WHERE attrelid = index.indexrelid AND attstattarget >= 0
    ) AS further,
    coalesce(
        -- A key or exclusion says it all: foreign keys that need it need that too.
        (
            SELECT
                CASE WHEN contype = 'f'
                    THEN format('foreign key %s of %s needs it', conname, conrelid::regclass)
                    ELSE format('constraint %s stands on it', conname)
                END
            FROM pg_catalog.pg_constraint
            WHERE conindid = index.indexrelid
            ORDER BY contype = 'f', conname
            LIMIT 1
        ),
        CASE WHEN index.indisreplident THEN 'it is the table''s replica identity' END,
        ''
    ) AS held_by,
    -- A build that another role runs hides what it builds, but not the lock on its table.
    coalesce(
        (
            SELECT held.pid
            FROM pg_catalog.pg_stat_progress_create_index AS building
            JOIN pg_catalog.pg_locks AS held ON held.pid = building.pid
            WHERE
                held.locktype = 'relation'
                AND held.relation = index.indrelid
                AND held.granted
                AND building.pid <> pg_catalog.pg_backend_pid()
                AND coalesce(building.index_relid, 0) IN (0, index.indexrelid)
            LIMIT 1
        ),
        0
    ) AS builder_pid,
    coalesce(pg_catalog.pg_relation_size(index.indexrelid), 0) AS size_bytes
FROM pg_catalog.pg_index AS index
JOIN pg_catalog.pg_class AS relation ON relation.oid = index.indexrelid
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = relation.relnamespace
JOIN pg_catalog.pg_class AS owner ON owner.oid = index.indrelid
JOIN pg_catalog.pg_namespace AS table_namespace ON table_namespace.oid = owner.relnamespace
LEFT JOIN pg_catalog.pg_tablespace AS tablespace ON tablespace.oid = relation.reltablespace
LEFT JOIN pg_catalog.pg_inherits AS up ON up.inhrelid = index.indexrelid
LEFT JOIN pg_catalog.pg_class AS parent ON parent.oid = up.inhparent
LEFT JOIN pg_catalog.pg_namespace AS parent_namespace ON parent_namespace.oid = parent.relnamespace
WHERE
    (index.indrelid = any($1::oid[]) OR index.indexrelid = any($2::oid[]))
    AND pg_catalog.pg_get_indexdef(index.indexrelid) IS NOT NULL
ORDER BY 1, 2
