-- 200,000 members and 100,000 gifts, the same on every machine.
CREATE TABLE members (
    member_id int PRIMARY KEY,
    grad_year int NOT NULL,
    card numeric NOT NULL,
    kind text NOT NULL,
    name text NOT NULL
);
INSERT INTO members
SELECT n, 1950 + n / 2667, n * 7, CASE WHEN n <= 199980 THEN 'alumnus' ELSE 'honorary' END, md5(n::text)
FROM generate_series(1, 200000) AS n;
CREATE INDEX members_by_year ON members (grad_year);
CREATE INDEX members_by_card ON members (card);
CREATE INDEX members_by_kind ON members (kind);

CREATE TABLE gifts (
    gift_id int PRIMARY KEY,
    member_id int NOT NULL REFERENCES members,
    amount int NOT NULL,
    given_on date NOT NULL
);
INSERT INTO gifts
SELECT n, 1 + n::bigint * 7919 % 200000, n % 500, date '2000-01-01' + n % 5000
FROM generate_series(1, 100000) AS n;
CREATE INDEX gifts_by_member ON gifts (member_id);

CREATE FUNCTION score(member int, steps int DEFAULT 100) RETURNS bigint STABLE LANGUAGE plpgsql AS $$
DECLARE
    total bigint := 0;
BEGIN
    FOR step IN 1..steps LOOP
        total := total + (member + step) % 7;
    END LOOP;
    RETURN total;
END
$$;
