-- The demo's ordinary role, which owns the database, builds it and runs the catalog. :password is put in, quoted.
DO $$
BEGIN
    IF to_regrole('perfkit_demo') IS NULL THEN
        CREATE ROLE perfkit_demo;
    END IF;
END
$$;
ALTER ROLE perfkit_demo LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :password;
GRANT pg_monitor TO perfkit_demo;
