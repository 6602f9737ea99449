-- The least that perfkit needs: a role that reads every table and every statistic, and changes nothing.
-- psql -v password=… -f docs/role.sql, as a superuser, once in the database to be measured.
CREATE ROLE perfkit LOGIN PASSWORD :'password';
GRANT pg_read_all_data, pg_monitor TO perfkit;
ALTER ROLE perfkit SET default_transaction_read_only = on;
-- Calls and times of real traffic; without it perfkit measures all the same.
CREATE EXTENSION IF NOT EXISTS pg_stat_statements;
