-- Of the called functions, those that are volatile and not known to be harmless. A name without a schema is looked
-- up in the search path, and counts when any of its overloads is volatile. An attribute (person.name) is a call when a
-- function of that name takes the row.
WITH called AS (
    SELECT written.schema, written.name, false AS is_attribute
    FROM unnest($1::text[], $2::text[]) AS written (schema, name)
    UNION ALL
    SELECT NULL, attribute.name, true
    FROM unnest($3::text[]) AS attribute (name)
)
SELECT DISTINCT namespace.nspname || '.' || function.proname
FROM called
JOIN pg_catalog.pg_proc AS function ON function.proname = called.name
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = function.pronamespace
LEFT JOIN pg_catalog.pg_type AS argument ON argument.oid = function.proargtypes[0]
WHERE
    (
        namespace.nspname = called.schema
        OR called.schema IS NULL AND pg_catalog.pg_function_is_visible(function.oid)
    )
    AND (NOT called.is_attribute OR function.pronargs = 1 AND argument.typtype = 'c')
    AND function.provolatile = 'v'
    AND NOT (
        namespace.nspname = 'pg_catalog'
        -- They change nothing: they read a clock, a random source, a size, or what the server knows of itself.
        AND function.proname IN (
            'array_sample', 'array_shuffle', 'clock_timestamp', 'current_query', 'currval', 'gen_random_uuid',
            'lastval', 'pg_blocking_pids', 'pg_current_wal_lsn', 'pg_database_size', 'pg_indexes_size',
            'pg_is_in_recovery', 'pg_last_wal_receive_lsn', 'pg_last_wal_replay_lsn', 'pg_last_xact_replay_timestamp',
            'pg_lock_status', 'pg_partition_ancestors', 'pg_partition_tree', 'pg_relation_size',
            'pg_sequence_last_value', 'pg_sleep', 'pg_sleep_for', 'pg_sleep_until', 'pg_table_size',
            'pg_tablespace_size', 'pg_total_relation_size', 'random', 'random_normal', 'timeofday', 'uuidv4', 'uuidv7',
            -- AT TIME ZONE: on PostgreSQL 14 that of a timetz is volatile, as it looks at the clock.
            'timezone'
        )
    )
ORDER BY 1
