-- Identity columns go on after the last row, and the building site is cleared away.
DO $$
DECLARE
    identity record;
    last_value bigint;
BEGIN
    FOR identity IN
        SELECT c.oid::regclass AS table_name, a.attname AS column_name
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relnamespace = 'alumni'::regnamespace AND a.attidentity <> '' AND NOT c.relispartition
        ORDER BY c.relname
    LOOP
        EXECUTE format('SELECT max(%I) FROM %s', identity.column_name, identity.table_name) INTO last_value;
        PERFORM setval(pg_get_serial_sequence(identity.table_name::text, identity.column_name), coalesce(last_value, 1));
    END LOOP;
END
$$;

DROP SCHEMA alumni_build CASCADE;
