CREATE SCHEMA {schema};

CREATE UNLOGGED TABLE {schema}.generation (
    table_number int PRIMARY KEY,
    version bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 10);

INSERT INTO {schema}.generation (table_number)
SELECT n FROM pg_catalog.generate_series(0, {tables} - 1) AS n;

CREATE FUNCTION {schema}.tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_catalog.pg_notify({channel}, NEW.table_number || ' ' || NEW.version);
    RETURN NULL;
END
$$;

CREATE TRIGGER tell AFTER UPDATE ON {schema}.generation
FOR EACH ROW EXECUTE FUNCTION {schema}.tell()
