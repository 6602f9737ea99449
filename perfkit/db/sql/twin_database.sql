-- How many extended statistics objects the database has that this role is not shown, as it does not own their tables.
SELECT
    (SELECT count(*) FROM pg_catalog.pg_statistic_ext)
    - (SELECT count(DISTINCT (statistics_schemaname, statistics_name)) FROM pg_catalog.pg_stats_ext)
