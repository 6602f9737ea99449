-- name: gifts_of_person
-- param: person bigint
-- case: typical person=4711
SELECT gift_id, amount, received_on FROM alumni.gifts WHERE person_id = :person ORDER BY received_on;

-- name: class_size
-- param: year smallint
-- case: typical year=1998
SELECT count(*), min(family_name) FROM alumni.people WHERE grad_year = :year;

-- name: by_name
-- param: family text
-- param: given text
-- case: typical family=Smith given=John
SELECT person_id FROM alumni.people WHERE family_name = :family AND given_name = :given;

-- name: search
-- param: word text
-- case: typical word=engineer
SELECT count(*) FROM alumni.people WHERE search @@ plainto_tsquery('simple', :word);

-- name: tagged
-- param: tag text
-- case: rare tag=no-such-tag
SELECT count(*) FROM alumni.people WHERE tags @> ARRAY[:tag];

-- name: careers
-- param: low bigint
-- case: typical low=30000
SELECT p.person_id, e.title FROM alumni.people p JOIN alumni.employment e ON e.person_id = p.person_id
WHERE p.person_id BETWEEN :low AND :low + 40;

-- name: degrees_of
-- param: low bigint
-- case: typical low=30000
SELECT count(*) FROM alumni.people p JOIN alumni.degrees d ON d.person_id = p.person_id
WHERE p.person_id BETWEEN :low AND :low + 10;

-- name: gifts_of_week
-- param: day date
-- case: typical day=2019-03-04
SELECT count(*), sum(amount) FROM alumni.gifts WHERE received_on BETWEEN :day AND :day + 7;

-- name: giving_by_fund
SELECT fund_id, fiscal_year, sum(amount), count(*) FROM alumni.gifts GROUP BY fund_id, fiscal_year;

-- name: big_join
SELECT p.school_id, sum(g.amount) FROM alumni.people p JOIN alumni.gifts g ON g.person_id = p.person_id
WHERE g.fiscal_year >= 2015 GROUP BY p.school_id;

-- name: small_join
-- param: year smallint
-- case: typical year=1998
SELECT p.person_id, sum(g.amount) FROM alumni.people p JOIN alumni.gifts g ON g.person_id = p.person_id
WHERE p.grad_year = :year AND p.school_id = 3 GROUP BY p.person_id;

-- name: big_sort
SELECT person_id, amount FROM alumni.gifts ORDER BY amount DESC, gift_id OFFSET 200000 LIMIT 10;

-- name: scan_gifts
SELECT count(*) FROM alumni.gifts WHERE note LIKE '%scholar%' OR amount > 100000;

-- name: scan_employment
SELECT count(*) FROM alumni.employment WHERE title LIKE '%zzz%';

-- name: weigh
-- param: most bigint
-- case: typical most=3000
SELECT sum(bench.weigh(gift_id)) FROM alumni.gifts WHERE gift_id <= :most;

-- name: weigh_few
-- param: most bigint
-- case: typical most=600
SELECT sum(bench.weigh(gift_id)) FROM alumni.gifts WHERE gift_id <= :most;

-- name: newest_gifts
-- param: last bigint
-- case: typical last=300000
SELECT gift_id, amount FROM alumni.gifts WHERE gift_id > :last ORDER BY gift_id LIMIT 50;

-- name: never_gave
-- param: low bigint
-- case: typical low=20000
SELECT count(*) FROM alumni.people p WHERE p.person_id BETWEEN :low AND :low + 2000
AND NOT EXISTS (SELECT FROM alumni.gifts g WHERE g.person_id = p.person_id);

-- name: gift_by_id
-- param: gift bigint
-- case: typical gift=123456
SELECT amount FROM alumni.gifts WHERE gift_id = :gift;

-- name: totals_of_few
-- param: low bigint
-- case: typical low=50000
SELECT p.person_id, coalesce(sum(g.amount), 0) FROM alumni.people p LEFT JOIN alumni.gifts g ON g.person_id = p.person_id
WHERE p.person_id BETWEEN :low AND :low + 3000 GROUP BY p.person_id;

-- name: active_giving
SELECT count(*), sum(g.amount) FROM alumni.people p JOIN alumni.gifts g ON g.person_id = p.person_id
WHERE p.status = 'active' AND p.language = 'en';

-- name: giving_by_school
SELECT p.school_id, count(*) FROM alumni.gifts g JOIN alumni.people p ON p.person_id = g.person_id
WHERE g.currency = 'USD' AND NOT g.is_anonymous AND g.fiscal_year > 2000 GROUP BY p.school_id;
