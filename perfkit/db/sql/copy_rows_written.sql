-- How many rows of each table were written since the database was made, also those that were taken back.
SELECT schemaname::text AS schema, relname::text AS name, n_tup_ins + n_tup_upd + n_tup_del AS rows
FROM pg_catalog.pg_stat_user_tables
