CREATE SCHEMA bench;
CREATE FUNCTION bench.weigh(number bigint) RETURNS numeric LANGUAGE plpgsql IMMUTABLE AS
    $$DECLARE total numeric := 0; BEGIN FOR step IN 1..20 LOOP total := total + number % step; END LOOP; RETURN total; END$$;
ALTER DATABASE {database} SET jit = off;
VACUUM (ANALYZE);
