-- How many extended statistics objects the database has that this role is not shown, as it does not own their tables, and
-- how many columns of ranges, whose bounds no view shows before 17.
SELECT
    (SELECT count(*) FROM pg_catalog.pg_statistic_ext)
    - (SELECT count(DISTINCT (statistics_schemaname, statistics_name)) FROM pg_catalog.pg_stats_ext) AS extended,
    (
        SELECT count(*)
        FROM pg_catalog.pg_attribute AS attribute
        JOIN pg_catalog.pg_class AS relation ON relation.oid = attribute.attrelid
        JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = relation.relnamespace
        JOIN pg_catalog.pg_type AS type ON type.oid = attribute.atttypid
        WHERE
            current_setting('server_version_num')::int < 170000
            AND type.typtype IN ('r', 'm')
            AND relation.relkind IN ('r', 'm', 'p')
            AND attribute.attnum > 0
            AND NOT attribute.attisdropped
            AND namespace.nspname !~ '^pg_'
    ) AS ranges
