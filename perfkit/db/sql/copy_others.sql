-- How many other sessions use the database: one that has just been closed may still be adding what it wrote to the counts.
SELECT count(*)
FROM pg_catalog.pg_stat_activity
WHERE datname = current_database() AND /* part_is_client */ AND pid <> pg_backend_pid()
