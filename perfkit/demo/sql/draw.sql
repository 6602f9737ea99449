-- What the data are drawn with. Every value is a function of the seed, a row's number and a name for the draw,
-- so that it does not depend on the plan, the order of rows or the number of connections.
-- :alumni and :seed are put in by the build.

CREATE SCHEMA alumni_build;

CREATE FUNCTION alumni_build.size() RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT :alumni
$$;

CREATE FUNCTION alumni_build.today() RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT DATE '2026-06-30'
$$;

-- Uniform in [0, 1): 53 bits of a hash, as many as a double holds
CREATE FUNCTION alumni_build.draw(row_number bigint, what text) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (hashint8extended(row_number, hashtextextended(what, :seed)) & 9007199254740991)::double precision
        / 9007199254740992
$$;

-- 1 to choices, all equally likely
CREATE FUNCTION alumni_build.pick(choices integer, uniform double precision) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT 1 + floor(uniform * choices)::integer
$$;

-- 1 to choices with probability near 1 / (k ln choices): Zipf's law by inversion
CREATE FUNCTION alumni_build.zipf(choices integer, uniform double precision) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT floor(exp(uniform * ln(choices + 1.0::double precision)))::integer
$$;
