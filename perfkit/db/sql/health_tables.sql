-- Dead rows of each table, and how many of them autovacuum waits for: threshold + scale factor * rows, each as the
-- table sets it or else the server, and from PostgreSQL 18 on at most autovacuum_vacuum_max_threshold (autovacuum.c).
SELECT
    coalesce(owner_namespace.nspname, namespace.nspname) AS schema,
    coalesce(owner.relname, relation.relname) AS name,
    owner.oid IS NOT NULL AS is_toast,
    greatest(relation.reltuples, 0)::float8 AS rows,
    pg_catalog.pg_stat_get_dead_tuples(relation.oid) AS dead_rows,
    limits.own_limit AS autovacuum_rows,
    limits.is_enabled AND current_setting('autovacuum')::bool AS is_autovacuumed,
    -- The option of the table that switches it off, as ALTER TABLE names it.
    CASE WHEN NOT limits.is_enabled THEN
        CASE WHEN owner.oid IS NOT NULL AND relation.reloptions IS NOT NULL THEN 'toast.' ELSE '' END
        || 'autovacuum_enabled'
    END AS switched_off_by,
    extract(
        epoch FROM clock_timestamp() - greatest(
            pg_catalog.pg_stat_get_last_vacuum_time(relation.oid),
            pg_catalog.pg_stat_get_last_autovacuum_time(relation.oid)
        )
    )::float8 AS vacuum_age_s,
    EXISTS (
        SELECT FROM pg_catalog.pg_stat_progress_vacuum AS vacuum WHERE vacuum.relid = relation.oid
    ) AS is_vacuumed_now
FROM pg_catalog.pg_class AS relation
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = relation.relnamespace
LEFT JOIN pg_catalog.pg_class AS owner ON owner.reltoastrelid = relation.oid AND relation.relkind = 't'
LEFT JOIN pg_catalog.pg_namespace AS owner_namespace ON owner_namespace.oid = owner.relnamespace
CROSS JOIN LATERAL (
    SELECT
        coalesce(max(option_value) FILTER (WHERE option_name = 'autovacuum_enabled'), 'true')::bool AS is_enabled,
        coalesce(
            max(option_value) FILTER (WHERE option_name = 'autovacuum_vacuum_threshold'),
            current_setting('autovacuum_vacuum_threshold')
        )::float8 AS threshold,
        coalesce(
            max(option_value) FILTER (WHERE option_name = 'autovacuum_vacuum_scale_factor'),
            current_setting('autovacuum_vacuum_scale_factor')
        )::float8 AS scale_factor,
        coalesce(
            max(option_value) FILTER (WHERE option_name = 'autovacuum_vacuum_max_threshold'),
            current_setting('autovacuum_vacuum_max_threshold', true)
        )::float8 AS most
    -- A TOAST table without options of its own has its table's (autovacuum.c).
    FROM pg_catalog.pg_options_to_table(coalesce(relation.reloptions, owner.reloptions))
) AS options
CROSS JOIN LATERAL (
    SELECT
        options.is_enabled,
        least(
            options.threshold + options.scale_factor * greatest(relation.reltuples, 0),
            CASE WHEN options.most >= 0 THEN options.most END
        ) AS own_limit
) AS limits
WHERE
    relation.relkind IN ('r', 'm', 't')
    AND relation.relpersistence <> 't'
ORDER BY dead_rows DESC, 1, 2
